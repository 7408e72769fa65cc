// How a cell looks: its name or number, and the weight that meets it.

import type { Choice } from "../address.ts";
import { entryName, range, sizes } from "../arithmetic.ts";
import type { Kind } from "../maps.ts";
import { numbers, setting, weights } from "../store.ts";
import type { Look } from "./cell.tsx";
import { Name, narrow, short, Weight } from "./names.tsx";

const NAMED = 16; // pixels of the screen: a cell in which a name can be read
const ROOMY = 29; // one that holds two lines
const WIDE = 22; // one that holds W with an index

interface PixelLook {
  readonly kind: Kind;
  readonly letter: string; // of the map
  readonly at: readonly [row: number, col: number];
  readonly width: number; // of the map without its zeros, for `values`
  readonly values: readonly number[];
  readonly entry: number; // of the kernel, that meets it; 0: none
  readonly side: number; // of a cell
  readonly adds?: number; // what it is given through that entry; else it is multiplied with it
  readonly blind?: boolean;
}

export function pixelLook({ kind, letter, at: [row, col], width, values, entry, side, adds, blind }: PixelLook): Look {
  const { kernel } = setting.value;
  const value = kind === "pixel" ? values[row * width + col]! : 0;
  const said = [
    kind === "pixel" ? `${letter} ${row}, ${col}` : kind,
    ...(numbers.value ? [`is ${short(value)}`] : []),
    ...(entry ? [`weight ${[...entryName(entry, kernel)].join(" ")}`] : []),
    ...(blind ? ["no window reaches it"] : []),
  ].join(", ");
  const base = { said, value, ...(entry ? { entry } : {}), ...(blind ? { blind } : {}) };
  const name = kind === "pixel" ? <Name letter={letter} row={row} col={col} /> : kind === "cut" ? "×" : "0";
  if (numbers.value) {
    const weight = adds === undefined ? `×${narrow(weights.value[entry - 1] ?? 0)}` : signed(adds);
    const text = kind === "cut" ? name : narrow(value);
    return { ...base, text, ...(entry && side >= WIDE ? { below: weight } : {}) };
  }
  if (!entry) return { ...base, text: kind === "pixel" && side < NAMED ? "" : name };
  const text = side >= WIDE ? <Weight entry={entry} kernel={kernel} /> : entryName(entry, kernel);
  return { ...base, text, ...(side >= ROOMY ? { below: name } : {}) };
}

/** A weight of the kernel in its own place, or of the turned one. */
export function weightLook(entry: number, side: number): Look {
  const { kernel } = setting.value;
  const value = weights.value[entry - 1]!;
  const name = `weight ${[...entryName(entry, kernel)].join(" ")}`;
  const symbol = side >= WIDE ? <Weight entry={entry} kernel={kernel} /> : entryName(entry, kernel);
  return {
    entry,
    value,
    text: numbers.value ? narrow(value) : symbol,
    said: numbers.value ? `${name}, is ${short(value)}` : name,
  };
}

/** A map of pixels alone. */
export const pixels = (size: number): Kind[][] => range(size).map(() => range(size).map((): Kind => "pixel"));

/** The pixel, if the map has it. */
export function inside(map: "small" | "large", row: number, col: number): Choice | null {
  const size = map === "small" ? sizes(setting.value).output : setting.value.input;
  return row >= 0 && row < size && col >= 0 && col < size ? { map, row, col } : null;
}

/** The pixel of the small map that lies at a cell of the stretched one. */
export function fromStretched(row: number, col: number): Choice | null {
  const first = Math.max(sizes(setting.value).transposedPadding, 0);
  const [r, c] = [(row - first) / setting.value.stride, (col - first) / setting.value.stride];
  return Number.isInteger(r) && Number.isInteger(c) ? inside("small", r, c) : null;
}

const signed = (value: number) => (value < 0 ? narrow(value) : `+${narrow(value)}`);
