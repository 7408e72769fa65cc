// The sliders: what may be set, how far it goes, and in which words a number is refused.

import { possibleInputs, refusal, sizes, type Setting } from "./arithmetic.ts";

export interface Field {
  readonly name: keyof Setting;
  readonly letter: string; // the guide's
  readonly least: number;
  readonly most: number; // larger maps would be too small to read
  readonly help: string;
}

export const FIELDS: readonly Field[] = [
  { name: "input", letter: "i", least: 1, most: 9, help: "pixels along one side" },
  { name: "kernel", letter: "k", least: 1, most: 7, help: "weights along one side" },
  { name: "stride", letter: "s", least: 1, most: 5, help: "pixels from one window to the next" },
  { name: "padding", letter: "p", least: 0, most: 6, help: "zeros around the input" },
  { name: "dilation", letter: "d", least: 1, most: 4, help: "pixels from one weight to the next" },
];

export const FIRST: Setting = { input: 5, kernel: 3, stride: 2, padding: 0, dilation: 1 };

/** The number that a text means, or a sentence that says why it is none. */
export function read(field: { name: string; least: number; most: number }, text: string): number | string {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (number >= field.least && number <= field.most) return number;
  return `${field.name} ${cited(text.trim()) || "(nothing)"}: give a whole number from ${field.least} to ${field.most}`;
}

/** How large a weight or a pixel of one's own can be: what is computed from them is then a number, too. */
export const MOST = 1e9;

/** The number that somebody wrote, with a point or a comma; NaN where it is none, or larger than `most`. */
export function written(text: string, most = MOST): number {
  const value = text.trim() ? Number(text.replace(",", ".").replace("\u2212", "-")) : NaN;
  return Math.abs(value) <= most ? value : NaN;
}

/** The beginning of a text that may be as long as an address. */
export const cited = (text: string): string => (text.length > 24 ? `${text.slice(0, 24)}\u2026` : text);

/** The output paddings that there are: for each an input of another size, of which the same output is made. */
export function outputPaddings(setting: Setting): number[] {
  if (refusal(setting)) return [];
  const most = FIELDS[0]!.most;
  const inputs = possibleInputs(setting, sizes(setting).output).filter((size) => size <= most);
  return inputs.map((input) => sizes({ ...setting, input }).unseen);
}

/** The setting with an output padding: the input grows or shrinks, the output stays. */
export function withOutputPadding(setting: Setting, unseen: number): Setting {
  return { ...setting, input: setting.input + unseen - sizes(setting).unseen };
}
