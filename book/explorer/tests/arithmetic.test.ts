// The arithmetic against examples by hand, and against what minifcn answers: a JSON file that ORACLE names.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as arithmetic from "../src/arithmetic.ts";
import { entryColours } from "../src/colours.ts";
import * as maps from "../src/maps.ts";

const setting = { input: 3, kernel: 2, stride: 1, padding: 0, dilation: 1 };
const odd = { input: 6, kernel: 3, stride: 2, padding: 1, dilation: 1 };

test("C of 2x2 on 3x3 pixels, by hand", () => {
  assert.deepEqual(arithmetic.matrix(setting), [
    [1, 2, 0, 3, 4, 0, 0, 0, 0],
    [0, 1, 2, 0, 3, 4, 0, 0, 0],
    [0, 0, 0, 1, 2, 0, 3, 4, 0],
    [0, 0, 0, 0, 1, 2, 0, 3, 4],
  ]);
});

test("y = C x and C^T y, by hand", () => {
  const numbers = arithmetic.matrix(setting);
  const y = arithmetic.product(numbers, [1, 0, 0, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(y, [1 + 10, 2 + 12, 4 + 16, 5 + 18]);
  const back = arithmetic.product(arithmetic.transpose(numbers), [1, 0, 0, 2], [1, 0, 0, 10]);
  assert.deepEqual(back, [1, 0, 0, 0, 12, 0, 0, 0, 20]);
});

test("the odd case, by hand: one row and column of zeros more at the end", () => {
  const { output, unseen, transposedPadding, stretched } = arithmetic.sizes(odd);
  assert.deepEqual([output, unseen, transposedPadding, stretched], [3, 1, 1, 5]);
  const row = maps.stretchedKinds(odd)[1];
  assert.deepEqual(row, ["padding", "pixel", "zero", "pixel", "zero", "pixel", "padding", "unseen"]);
});

test("a padding of more than the kernel cuts pixels off", () => {
  const kinds = maps.stretchedKinds({ input: 5, kernel: 3, stride: 1, padding: 3, dilation: 1 });
  assert.deepEqual(kinds[1], ["cut", ...new Array(7).fill("pixel"), "cut"]);
});

test("the pixels that see a pixel, and through what: C's column", () => {
  for (const some of [setting, odd, { input: 7, kernel: 3, stride: 2, padding: 2, dilation: 2 }]) {
    const numbers = arithmetic.matrix(some);
    const { output } = arithmetic.sizes(some);
    for (const pixel of arithmetic.range(some.input ** 2)) {
      const column = new Array(output ** 2).fill(0);
      for (const tap of arithmetic.seenBy(some, arithmetic.pixelAt(pixel, some.input))) {
        column[tap.row * output + tap.col] = tap.entry;
      }
      assert.deepEqual(column, numbers.map((row) => row[pixel]));
    }
  }
});

const oracle = process.env.ORACLE;
test("minifcn answers the same", { skip: oracle ? false : "ORACLE names no file" }, () => {
  const answers = JSON.parse(readFileSync(oracle!, "utf8"));
  assert.ok(answers.length >= 600);
  for (const answer of answers) {
    const { setting } = answer;
    const where = JSON.stringify(setting);
    assert.equal(arithmetic.refusal(setting), answer.refusal, where);
    if (answer.refusal) continue;
    const numbers = arithmetic.matrix(setting);
    const y = arithmetic.product(numbers, maps.exampleKernel(setting.kernel), maps.exampleImage(setting.input));
    const back = arithmetic.product(arithmetic.transpose(numbers), maps.exampleKernel(setting.kernel), y);
    const taps = (list: arithmetic.Tap[], more = 0) => list.map(({ row, col, entry }) => [row + more, col + more, entry]);
    const { output } = arithmetic.sizes(setting);
    const ours = {
      setting,
      refusal: null,
      sizes: arithmetic.sizes(setting),
      name: arithmetic.caseName(setting),
      inputs: arithmetic.possibleInputs(setting, output),
      neverSeen: arithmetic.neverSeen(setting),
      matrix: numbers,
      compact: numbers.map((row) => row.map((n) => (n ? arithmetic.entryName(n, setting.kernel) : "."))),
      padded: maps.paddedKinds(setting),
      stretched: maps.stretchedKinds(setting),
      windows: mapped(answer.windows, (n) =>
        taps(arithmetic.windowOf(setting, arithmetic.pixelAt(n, output)), setting.padding)),
      turned: mapped(answer.turned, (n) => taps(maps.turnedWindow(setting, arithmetic.pixelAt(n, setting.input)))),
      telling: answer.telling && maps.tellingPixel(setting),
      weights: maps.exampleKernel(setting.kernel),
      image: maps.exampleImage(setting.input),
      y,
      back,
    };
    const { colours, ...theirs } = answer;
    assert.deepEqual(ours, theirs, where);
    entryColours(setting.kernel ** 2).forEach((colour, entry) => {
      colour.forEach((value, channel) => assert.ok(Math.abs(value - colours[entry][channel]) <= 4, where));
    });
  }
});

function mapped<T>(object: Record<string, unknown>, make: (n: number) => T): Record<string, T> {
  return Object.fromEntries(Object.keys(object).map((key) => [key, make(Number(key))]));
}
