// What is chosen, and what follows from it; the address keeps the choice.

import { batch, computed, effect, signal } from "@preact/signals";
import { writeHash } from "../history.ts";
import { type Page, truthOf, unpacked, VOID } from "./data.ts";
import { broughtUp, heat, type Maps, probabilities, scoresAt, sum, winners } from "./scores.ts";

declare global { var networkData: Page }
export const page = globalThis.networkData;
export const names = Object.keys(page.networks); // fcn32s, fcn16s, fcn8s
export const EVERY = -1; // instead of a class: all of them
export const TRUTH = "truth"; // instead of a network
export const GRADIENT = "gradient"; // instead of a layer

export const photoIndex = signal(0);
export const shown = signal(names.at(-1)!); // a network, or the truth
export const chosen = signal(EVERY); // a class
export const lens = signal("pool4"); // whose receptive field is drawn: a layer, the gradient, or ""
export const pixel = signal({ x: page.width >> 1, y: page.height >> 1 });
export const held = signal(false); // the pointer does not move the pixel
export const left = signal<ReadonlySet<string>>(new Set()); // score maps that are left out of the sum

export const photo = computed(() => page.photos[photoIndex.value]!);
export const network = computed(() => (shown.value === TRUTH ? names.at(-1)! : shown.value)); // whose sum is told
export const truth = computed(() => truthOf(page, photo.value));
export const truthThere = computed(() => truth.value[at(pixel.value)]!);

const parts = computed(() => {
  const ofNetwork = (name: string) =>
    Object.entries(page.networks[name]!.maps).map(([map, { steps }]): [string, Maps] =>
      [map, broughtUp(unpacked(page, name, photo.value, map), steps)]);
  return Object.fromEntries(names.map((name) => [name, ofNetwork(name)]));
});

/** {score map: it at the photo's size} of the network. */
export const contributions = computed(() => parts.value[network.value]!);

/** {network: its scores}. */
const whole = computed(() => {
  const ofNetwork = (name: string) => sum(parts.value[name]!.map(([, maps]) => maps));
  return Object.fromEntries(names.map((name) => [name, ofNetwork(name)]));
});

/** The scores of the network that is shown, without what is left out. */
export const scores = computed(() => {
  const counted = contributions.value.filter(([name]) => !left.value.has(name)).map(([, maps]) => maps);
  return counted.length === contributions.value.length ? whole.value[network.value]! : sum(counted);
});

export const labels = computed(() => (shown.value === TRUTH ? truth.value : winners(scores.value)));
export const heatmap = computed(() => {
  if (shown.value !== TRUTH) return heat(scores.value, chosen.value);
  return Float32Array.from(truth.value, (label) => (label === chosen.value ? 1 : 0));
});

/** The probabilities at the pixel: of each network as it is, and of the one shown without what is left out. */
export const verdicts = computed(() => names.map((name) => ({ name, ...verdict(whole.value[name]!) })));
export const now = computed(() => verdict(scores.value));

/** The class whose scores the sum shows: the one that is chosen, or the winning one. */
export const told = computed(() => (chosen.value === EVERY ? now.value.winner : chosen.value));

/** Which of the pixels whose gradient was measured is the nearest: where it is, and the side of its square. */
export const measured = computed(() => {
  const { step, width } = page;
  const [col, row] = [Math.floor(pixel.value.x / step), Math.floor(pixel.value.y / step)];
  const number = row * (width / step) + col;
  const side = photo.value.networks[network.value]!.squares[number]!;
  return { col, row, x: col * step + step / 2, y: row * step + step / 2, side };
});

export function move(x: number, y: number): void {
  const inside = (value: number, size: number) => Math.max(0, Math.min(size - 1, Math.round(value)));
  pixel.value = { x: inside(x, page.width), y: inside(y, page.height) };
}

/** Count a score map in the sum, or leave it out; the coarsest one stays. */
export function count(name: string, counted: boolean): void {
  const next = new Set(left.value);
  if (counted) next.delete(name);
  else next.add(name);
  left.value = next;
}

export function className(label: number): string {
  return label === VOID ? "void" : page.classes[label]!.name;
}

export function colour(label: number): string {
  return label === VOID ? "transparent" : `rgb(${page.classes[label]!.colour.join(" ")})`;
}

export const percent = (share: number) => `${(100 * share).toFixed(share > 0.0995 ? 0 : 1)} %`;

function verdict(maps: Maps) {
  const shares = probabilities(scoresAt(maps, pixel.value.x, pixel.value.y));
  return { shares, winner: shares.indexOf(Math.max(...shares)) };
}

function at({ x, y }: { x: number; y: number }): number {
  return y * page.width + x;
}

/** Take the choice from the address, as far as it is there and makes sense. */
export const readAddress = () => batch(() => {
  const given = new URLSearchParams(location.hash.slice(1));
  const index = page.photos.findIndex(({ number }) => `${number}` === given.get("photo"));
  photoIndex.value = Math.max(0, index);
  shown.value = [...names, TRUTH].find((name) => name === given.get("net")) ?? names.at(-1)!;
  chosen.value = page.classes.findIndex(({ name }) => name === given.get("class"));
  const known = ["", GRADIENT, ...page.layers.map(({ name }) => name)];
  lens.value = known.find((name) => name === given.get("seen")) ?? "pool4";
  const without = (given.get("without") ?? "").split(" ");
  left.value = new Set(skips().filter((name) => without.includes(name)));
  const [x, y] = [given.get("x"), given.get("y")].map((text) => Number.parseInt(text ?? "", 10));
  held.value = Number.isInteger(x) && Number.isInteger(y);
  if (held.value) move(x!, y!);
});

/** Keep the address up to date, from now on. A pixel stands there while it is held. */
export function writeAddress(): void {
  effect(() => {
    const kept = new URLSearchParams({ photo: `${photo.value.number}`, net: shown.value });
    if (chosen.value !== EVERY) kept.set("class", className(chosen.value));
    kept.set("seen", lens.value);
    if (left.value.size) kept.set("without", [...left.value].join(" "));
    if (held.value) kept.set("x", `${pixel.value.x}`), kept.set("y", `${pixel.value.y}`);
    writeHash(`#${kept}`);
  });
}

function skips(): string[] {
  return names.flatMap((name) => Object.keys(page.networks[name]!.maps).slice(1));
}
