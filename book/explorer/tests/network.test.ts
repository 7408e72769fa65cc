// The page "What a network sees": its arithmetic by hand, and against what the networks themselves said of some pixels.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Page, truthOf, unpacked } from "../src/network/data.ts";
import { broughtUp, heat, type Maps, probabilities, scoresAt, sum, winners } from "../src/network/scores.ts";

const read = (name: string) => JSON.parse(readFileSync(`../network/data/${name}.json`, "utf8"));
const page: Page = read("network");

interface Check { photo: number; network: string; x: number; y: number; percent: number[] }

function maps(values: number[][][]): Maps {
  const [first] = values;
  const size = { channels: values.length, height: first!.length, width: first![0]!.length };
  return { ...size, values: new Float32Array(values.flat(2)) };
}

test("stamps of 1, 2, 1, two pixels apart, overlap and add", () => {
  const up = broughtUp(maps([[[1, 10]], [[0, 2]]]), [{ stride: 2, taps: [1, 2, 1] }]);
  assert.deepEqual([up.channels, up.height, up.width], [2, 3, 5]);
  assert.deepEqual([...up.values.slice(0, 15)], [1, 2, 11, 20, 10, 2, 4, 22, 40, 20, 1, 2, 11, 20, 10]);
  assert.deepEqual([...up.values.slice(15, 20)], [0, 0, 2, 4, 2]);
});

test("a crop begins at its row and column", () => {
  const part = broughtUp(maps([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]), [{ crop: [1, 0], size: [2, 2] }]);
  assert.deepEqual([...part.values], [4, 5, 7, 8]);
});

test("sums, winners and shares of two classes", () => {
  const scores = sum([maps([[[1, 0]], [[0, 2]]]), maps([[[0, 1]], [[0.5, 1]]])]);
  assert.deepEqual(scoresAt(scores, 1, 0), [1, 3]);
  assert.deepEqual([...winners(scores)], [0, 1]);
  const share = 1 / (1 + Math.exp(-2));
  assert.ok(Math.abs(heat(scores, 1)[1]! - share) < 1e-6);
  assert.ok(Math.abs(probabilities([1, 3])[1]! - share) < 1e-12);
  assert.ok(probabilities([1000, 0])[0] === 1);
});

test("the truth fills the photo", () => {
  for (const photo of page.photos) {
    const truth = truthOf(page, photo);
    assert.ok(truth.every((label) => label < page.classes.length || label === 255));
    assert.notEqual(truth.at(-1), undefined);
    assert.ok(new Set(truth).size > 6);
  }
});

test("each pixel that was noted has the network's own probabilities", () => {
  const checks: Check[] = read("checks");
  assert.equal(checks.length, 12 * Object.keys(page.networks).length * page.photos.length);
  const scores = new Map<string, Maps>();
  for (const { photo: number, network, x, y, percent } of checks) {
    const key = `${number} ${network}`;
    if (!scores.has(key)) {
      const photo = page.photos.find((one) => one.number === number)!;
      const parts = Object.entries(page.networks[network]!.maps).map(([name, { steps }]) =>
        broughtUp(unpacked(page, network, photo, name), steps));
      scores.set(key, sum(parts));
    }
    const found = probabilities(scoresAt(scores.get(key)!, x, y));
    found.forEach((share, label) => assert.ok(Math.abs(100 * share - percent[label]!) < 0.05, `${key}: ${x}, ${y}`));
  }
});
