// What is set on the page, and how the address follows it there and back.

import { computed, effect, signal } from "@preact/signals";
import { pixelAt, range, refusal, type Setting } from "./arithmetic.ts";
import { fromHash, toHash, valid, type Choice, type State } from "./address.ts";
import { exampleImage, exampleKernel, tellingPixel } from "./maps.ts";

type Edits = Readonly<Record<string, number>>; // "row,col" to a number that somebody put there

const start = fromHash(location.hash);
export const setting = signal(start.state.setting);
export const numbers = signal(start.state.numbers);
export const complaints = signal(start.complaints);
const kernelEdits = signal(edits(start.state.weights, exampleKernel));
const imageEdits = signal(edits(start.state.image, exampleImage));
export const chosen = signal(start.state.choice); // by a click, a tap or a key: it stays
export const pointed = signal<Choice | null>(null); // by a hovering pointer, for as long as it is there

export const weights = computed(() => edited(exampleKernel, setting.value.kernel, kernelEdits.value));
export const image = computed(() => edited(exampleImage, setting.value.input, imageEdits.value));
export const refused = computed(() => refusal(setting.value));

/** What the maps show now; null where there is no convolution. */
export const choice = computed<Choice | null>(() => {
  if (refused.value) return null;
  const now = valid(pointed.value, setting.value) ?? valid(chosen.value, setting.value);
  if (now) return now;
  const [row, col] = tellingPixel(setting.value);
  return { map: "small", row, col };
});

const state = computed<State>(() => ({
  setting: setting.value,
  numbers: numbers.value,
  weights: weights.value,
  image: image.value,
  choice: valid(chosen.value, setting.value),
}));

/** Takes a setting; the address's step before stays in the browser's history, but for those of one movement. */
export function change(next: Setting): void {
  const now = performance.now();
  newStep = now - lastChange > 700;
  lastChange = now;
  complaints.value = [];
  setting.value = next;
}

export function choose(next: Choice): void {
  chosen.value = next;
  pointed.value = null;
}

export function showNumbers(shown: boolean): void {
  newStep = true;
  numbers.value = shown;
}

/** Puts a number into the kernel or the input. */
export function put(map: "kernel" | "large", row: number, col: number, value: number): void {
  const target = map === "kernel" ? kernelEdits : imageEdits;
  target.value = { ...target.value, [`${row},${col}`]: value };
}

export const isEdited = computed(
  () => Object.keys(kernelEdits.value).length + Object.keys(imageEdits.value).length > 0,
);

export function forgetEdits(): void {
  kernelEdits.value = {};
  imageEdits.value = {};
}

let newStep = false;
let lastChange = -Infinity;
let atStart = true;

effect(() => {
  const hash = toHash(state.value);
  if (!atStart && hash !== location.hash) history[newStep ? "pushState" : "replaceState"](null, "", hash);
  atStart = newStep = false;
});

addEventListener("hashchange", () => {
  if (location.hash === toHash(state.peek())) return;
  const { state: next, complaints: said } = fromHash(location.hash);
  setting.value = next.setting;
  numbers.value = next.numbers;
  kernelEdits.value = edits(next.weights, exampleKernel);
  imageEdits.value = edits(next.image, exampleImage);
  chosen.value = next.choice;
  complaints.value = said;
});

function edits(values: readonly number[], example: (size: number) => number[]): Edits {
  const size = Math.sqrt(values.length);
  const usual = example(size);
  const changed = range(values.length).filter((n) => values[n] !== usual[n]);
  return Object.fromEntries(changed.map((n) => [pixelAt(n, size).join(), values[n]!]));
}

function edited(example: (size: number) => number[], size: number, edits: Edits): number[] {
  return example(size).map((usual, n) => edits[pixelAt(n, size).join()] ?? usual);
}
