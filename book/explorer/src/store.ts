// What is set on the page, and how the address follows it there and back.

import { batch, computed, effect, signal } from "@preact/signals";
import { matrix, pixelAt, product, range, refusal, transpose, type Setting } from "./arithmetic.ts";
import { fromHash, toHash, valid, type Choice, type State } from "./address.ts";
import { onHash, writeHash } from "./history.ts";
import { exampleImage, exampleKernel, tellingPixel } from "./maps.ts";
import { FIRST } from "./settings.ts";

type Edits = Readonly<Record<string, number>>; // "row,col" to a number that somebody put there

export const setting = signal(FIRST);
export const numbers = signal(false);
export const complaints = signal<string[]>([]);
const kernelEdits = signal<Edits>({});
const imageEdits = signal<Edits>({});
const smallEdits = signal<Edits>({});
export const chosen = signal<Choice | null>(null); // by a click, a tap or a key: it stays
export const pointed = signal<Choice | null>(null); // by a hovering pointer, for as long as it is there

export const refused = computed(() => refusal(setting.value));
export const weights = computed(() => edited(exampleKernel(setting.value.kernel), kernelEdits.value));
export const image = computed(() => edited(exampleImage(setting.value.input), imageEdits.value));
export const entries = computed(() => (refused.value ? [] : matrix(setting.value))); // C
export const turned = computed(() => transpose(entries.value)); // C^T
export const y = computed(() => product(entries.value, weights.value, image.value)); // C x
export const small = computed(() => edited(y.value, smallEdits.value)); // what the transpose takes
export const large = computed(() => product(turned.value, weights.value, small.value)); // and makes

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
  small: small.value.some((value, n) => value !== y.value[n]) ? small.value : null,
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

/** Puts a number into the kernel, the convolution's input, or the transpose's. */
export function put({ map, row, col }: Choice, value: number): void {
  const target = { kernel: kernelEdits, large: imageEdits, small: smallEdits }[map];
  target.value = { ...target.value, [`${row},${col}`]: value };
}

export const isEdited = computed(() =>
  [kernelEdits, imageEdits, smallEdits].some(({ value }) => Object.keys(value).length > 0),
);

export function forgetEdits(): void {
  kernelEdits.value = imageEdits.value = smallEdits.value = {};
}

let newStep = false;
let lastChange = -Infinity;
let atStart = true;

take(fromHash(location.hash));
effect(() => {
  const hash = toHash(state.value);
  if (!atStart) writeHash(hash, newStep);
  atStart = newStep = false;
});

onHash(() => {
  if (location.hash !== toHash(state.peek())) take(fromHash(location.hash));
});

function take({ state: next, complaints: said }: ReturnType<typeof fromHash>): void {
  batch(() => {
    setting.value = next.setting;
    numbers.value = next.numbers;
    kernelEdits.value = edits(next.weights, exampleKernel(next.setting.kernel));
    imageEdits.value = edits(next.image, exampleImage(next.setting.input));
    smallEdits.value = next.small ? edits(next.small, y.value) : {};
    chosen.value = next.choice;
    complaints.value = said;
  });
}

function edits(values: readonly number[], usual: readonly number[]): Edits {
  const size = Math.sqrt(values.length);
  const changed = range(values.length).filter((n) => values[n] !== usual[n]);
  return Object.fromEntries(changed.map((n) => [pixelAt(n, size).join(), values[n]!]));
}

function edited(usual: readonly number[], edits: Edits): readonly number[] {
  const size = Math.sqrt(usual.length);
  return usual.map((value, n) => edits[pixelAt(n, size).join()] ?? value);
}
