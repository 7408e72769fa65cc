// The address keeps all that can be seen, and an address that asks for what cannot be is answered in sentences.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHash, toHash, type State } from "../src/address.ts";

const usual: State = {
  setting: { input: 3, kernel: 2, stride: 1, padding: 0, dilation: 1 },
  numbers: false,
  weights: [2, 3, 3, 1],
  image: [1, 2, 3, 4, 1, 3, 2, 5, 3],
  small: null,
  choice: null,
};

test("what is as usual is left out", () => {
  assert.equal(toHash(usual), "#input=3&kernel=2");
  assert.deepEqual(fromHash("#input=3&kernel=2"), { state: usual, complaints: [] });
});

test("there and back", () => {
  const states: State[] = [
    { ...usual, numbers: true, weights: [0, -1.5, 3, 1e9], small: [1, 2, 3, 4] },
    { ...usual, image: [1, 2, 3, 4, 1, 3, 2, 5, -3], choice: { map: "large", row: 2, col: 0 } },
    {
      ...usual,
      setting: { input: 3, kernel: 2, stride: 2, padding: 1, dilation: 3 },
      choice: { map: "kernel", row: 1, col: 1 },
    },
  ];
  for (const state of states) assert.deepEqual(fromHash(toHash(state)), { state, complaints: [] });
});

test("without an address, a first setting; with a part of one, the rest as usual", () => {
  assert.equal(fromHash("").state.setting.stride, 2);
  assert.deepEqual(fromHash("#input=7").state.setting, { input: 7, kernel: 3, stride: 1, padding: 0, dilation: 1 });
  assert.deepEqual(fromHash("#where-the-book-has-a-heading").complaints, []);
});

test("what cannot be is said, and left", () => {
  for (const asked of [
    "stride=0",
    "stride=1.5",
    "stride=",
    "stride=9",
    "stride=-1",
    "weights=1,2,3",
    "weights=1,,2,3",
    "weights=1,2,3,1e308",
    "image=NaN",
    "small=Infinity,1,1,1",
    "at=small,2,0",
    "at=large,3,0",
    "at=somewhere",
    "at=small,0",
  ]) {
    const { state, complaints } = fromHash(`#input=3&kernel=2&${asked}`);
    assert.equal(complaints.length, 1, asked);
    assert.deepEqual({ ...state, small: null }, usual, asked);
  }
  assert.equal(fromHash("#input=1&kernel=7&small=1&at=small,0,0").state.choice, null); // refused: no complaint but that
});
