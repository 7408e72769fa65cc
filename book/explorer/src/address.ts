// The address keeps what is set: #input=5&kernel=3&stride=2&at=small,0,1 and so on; what is as usual is left out.

import { matrix, product, range, refusal, sizes, type Setting } from "./arithmetic.ts";
import { exampleImage, exampleKernel } from "./maps.ts";
import { cited, FIELDS, FIRST, MOST, read, written } from "./settings.ts";

/** A pixel of the small map (the convolution's output) or the large one (its input), or an entry of the kernel. */
export interface Choice {
  readonly map: "small" | "large" | "kernel";
  readonly row: number;
  readonly col: number;
}

/** What can be seen on the page, all of it. */
export interface State {
  readonly setting: Setting;
  readonly numbers: boolean; // numbers rather than names
  readonly weights: readonly number[]; // the kernel's, in reading order
  readonly image: readonly number[]; // the input, in reading order
  readonly small: readonly number[] | null; // the transpose's input; null: the convolution's output
  readonly choice: Choice | null; // null: the page chooses
}

export function toHash({ setting, numbers, weights, image, small, choice }: State): string {
  const parts = [`input=${setting.input}`, `kernel=${setting.kernel}`];
  for (const { name } of FIELDS.slice(2)) {
    if (setting[name] !== USUAL[name]) parts.push(`${name}=${setting[name]}`);
  }
  if (numbers) parts.push("show=numbers");
  if (!same(weights, exampleKernel(setting.kernel))) parts.push(`weights=${weights.join(",")}`);
  if (!same(image, exampleImage(setting.input))) parts.push(`image=${image.join(",")}`);
  if (small) parts.push(`small=${small.join(",")}`);
  if (choice) parts.push(`at=${choice.map},${choice.row},${choice.col}`);
  return `#${parts.join("&")}`;
}

/** What an address asks for, and a sentence for each thing in it that cannot be: that is then as usual. */
export function fromHash(hash: string): { state: State; complaints: string[] } {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const complaints: string[] = [];
  const named = FIELDS.some(({ name }) => asked.has(name));
  const setting: Record<keyof Setting, number> = { ...FIRST, ...(named ? USUAL : {}) };
  for (const field of FIELDS) {
    const text = asked.get(field.name);
    const value = text === null ? setting[field.name] : read(field, text);
    if (typeof value === "number") setting[field.name] = value;
    else complaints.push(`the address asks for ${value}; it is ${setting[field.name]} here`);
  }
  const list = (name: string, usual: number[], most = MOST): number[] => {
    const text = asked.get(name);
    if (text === null) return usual;
    const values = text.split(",").map((part) => written(part, most));
    if (values.length === usual.length && !values.some(Number.isNaN)) return values;
    complaints.push(
      `the address's ${name} must be ${usual.length} numbers, none too large, with commas between: others are shown`,
    );
    return usual;
  };
  const weights = list("weights", exampleKernel(setting.kernel));
  const image = list("image", exampleImage(setting.input));
  const most = setting.kernel ** 2 * MOST ** 2; // what the convolution can make
  const small =
    asked.has("small") && !refusal(setting) ? list("small", product(matrix(setting), weights, image), most) : null;
  const at = asked.get("at");
  const choice = at === null ? null : readChoice(at, setting);
  if (at !== null && !choice && !refusal(setting)) {
    complaints.push(`the address asks for ${cited(at)}, where there is no pixel: another one is shown`);
  }
  const state = { setting, numbers: asked.get("show") === "numbers", weights, image, small, choice };
  return { state, complaints };
}

/** The choice, where these maps have such a pixel. */
export function valid(choice: Choice | null, setting: Setting): Choice | null {
  if (!choice || refusal(setting)) return null;
  const size = { small: sizes(setting).output, large: setting.input, kernel: setting.kernel }[choice.map];
  const there = range(size);
  return there.includes(choice.row) && there.includes(choice.col) ? choice : null;
}

function readChoice(text: string, setting: Setting): Choice | null {
  const [, map, row, col] = /^(small|large|kernel),(\d+),(\d+)$/.exec(text) ?? [];
  return map ? valid({ map: map as Choice["map"], row: Number(row), col: Number(col) }, setting) : null;
}

const USUAL = { ...FIRST, stride: 1, padding: 0, dilation: 1 };

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
