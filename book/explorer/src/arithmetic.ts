// The arithmetic of a convolution and its transpose, without a page: one channel, all squares, pixels counted from 0.
// minifcn's Python is its oracle (convolution/arithmetic.py, symbolic.py, pictures/sliding.py); names are the same there.

/** A convolution over input x input pixels. */
export interface Setting {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

export type Pixel = readonly [row: number, col: number];

/** A place of a map and the kernel's entry that meets it: 1 for W[0,0], 2 for W[0,1] and so on in reading order. */
export interface Tap {
  readonly row: number;
  readonly col: number;
  readonly entry: number;
}

/** Pixels from the window's first tap to its last, both counted. */
export const reach = ({ kernel, dilation }: Setting): number => dilation * (kernel - 1) + 1;

/** Why there is no such convolution, or null where there is. */
export function refusal(setting: Setting): string | null {
  const { input, padding } = setting;
  const padded = input + 2 * padding;
  if (padded >= reach(setting)) return null;
  return (
    `the kernel reaches over ${reach(setting)} pixels, but the padded input has only ${padded} ` +
    `(input ${input}, padding ${padding}): use a larger image or more padding`
  );
}

/** All sizes, along one axis, of a setting that is not refused. */
export interface Sizes {
  readonly reach: number;
  readonly output: number; // o
  readonly unseen: number; // a: what is left over at the padded input's end; the transpose's output padding
  readonly zerosBetween: number; // s - 1, between two pixels of the transpose's input
  readonly stretched: number; // the transpose's input with those zeros
  readonly transposedPadding: number; // p': zeros around that, a more at the end; below 0 pixels are cut off
  readonly transposedOutput: number; // what comes out of the transpose, by its own formula
}

export function sizes(setting: Setting): Sizes {
  const { input, stride, padding } = setting;
  const room = input + 2 * padding - reach(setting);
  const output = Math.floor(room / stride) + 1;
  const unseen = room % stride;
  const stretched = (output - 1) * stride + 1;
  return {
    reach: reach(setting),
    output,
    unseen,
    zerosBetween: stride - 1,
    stretched,
    transposedPadding: reach(setting) - 1 - padding,
    transposedOutput: stretched + reach(setting) - 1 - 2 * padding + unseen,
  };
}

/** The case as the slides name it, such as "padding, strides (odd)". */
export function caseName(setting: Setting): string {
  const { stride, padding } = setting;
  const far = reach(setting);
  if (stride > 1) {
    return `${padding ? "padding" : "no padding"}, strides${sizes(setting).unseen ? " (odd)" : ""}`;
  }
  if (padding === 0) return "no padding, no strides";
  if (padding === far - 1) return "full padding, no strides";
  return `${far % 2 && padding === (far - 1) / 2 ? "half" : "arbitrary"} padding, no strides`;
}

/** The inputs of which this convolution makes `output` pixels, smallest first: they differ in `unseen` alone. */
export function possibleInputs(setting: Setting, output: number): number[] {
  const least = (output - 1) * setting.stride + reach(setting) - 2 * setting.padding;
  return Array.from({ length: setting.stride }, (_, more) => least + more).filter((size) => size >= 1);
}

/** Places of the padded input, along one axis, that no window looks at; below 0 and from `input` on: of the padding. */
export function untouched(setting: Setting): number[] {
  const { input, padding } = setting;
  const seen = new Set(range(sizes(setting).output).flatMap((at) => places(setting, at)));
  return range(input + 2 * padding).map((at) => at - padding).filter((place) => !seen.has(place));
}

/** The pixels among them: the columns of zeros in C. */
export function neverSeen(setting: Setting): number[] {
  return untouched(setting).filter((place) => place >= 0 && place < setting.input);
}

/** What the window of an output pixel covers, in reading order; rows and columns below 0 or from `input` on: padding. */
export function windowOf(setting: Setting, [row, col]: Pixel): Tap[] {
  const cols = places(setting, col);
  return places(setting, row).flatMap((y, i) =>
    cols.map((x, j) => ({ row: y, col: x, entry: i * setting.kernel + j + 1 })),
  );
}

/** What one pixel of the small map spreads over the large one: its window without the padding. */
export function stampOf(setting: Setting, pixel: Pixel): Tap[] {
  const inside = (place: number) => place >= 0 && place < setting.input;
  return windowOf(setting, pixel).filter(({ row, col }) => inside(row) && inside(col));
}

/** The output pixels that see an input pixel, each with the entry it sees it through. */
export function seenBy(setting: Setting, [row, col]: Pixel): Tap[] {
  const outputs = range(sizes(setting).output);
  const along = (pixel: number) =>
    outputs.flatMap((at) => places(setting, at).flatMap((place, tap) => (place === pixel ? [{ at, tap }] : [])));
  const cols = along(col);
  return along(row).flatMap((y) =>
    cols.map((x) => ({ row: y.at, col: x.at, entry: y.tap * setting.kernel + x.tap + 1 })),
  );
}

/** C, a row for each output pixel and a column for each input pixel: the number of the entry there, 0 for a zero. */
export function matrix(setting: Setting): number[][] {
  const { output } = sizes(setting);
  return range(output * output).map((number) => {
    const row = new Array<number>(setting.input ** 2).fill(0);
    for (const tap of stampOf(setting, pixelAt(number, output))) row[tap.row * setting.input + tap.col] = tap.entry;
    return row;
  });
}

export function transpose<T>(rows: readonly (readonly T[])[]): T[][] {
  return (rows[0] ?? []).map((_, col) => rows.map((row) => row[col]!));
}

/** C x or C^T y: a matrix of entries' numbers, the entries' weights in reading order, and a map in reading order. */
export function product(numbers: readonly (readonly number[])[], weights: readonly number[], x: readonly number[]) {
  return numbers.map((row) =>
    row.reduce((sum, entry, col) => (entry ? sum + weights[entry - 1]! * x[col]! : sum), 0),
  );
}

/** The entry's name: "01" for W[0,1]. */
export function entryName(entry: number, kernel: number): string {
  return pixelAt(entry - 1, kernel).join("");
}

export const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
export const pixelAt = (number: number, width: number): Pixel => [Math.floor(number / width), number % width];

/** The cells that the window of output `at` covers along one axis. */
function places({ kernel, stride, padding, dilation }: Setting, at: number): number[] {
  return range(kernel).map((tap) => at * stride - padding + tap * dilation);
}

/** The seven cases of the slides, with the numbers of the guide's figures (Dumoulin, Visin 2016). */
export const SEVEN_CASES: readonly Setting[] = [
  { input: 4, kernel: 3, stride: 1, padding: 0, dilation: 1 },
  { input: 5, kernel: 4, stride: 1, padding: 2, dilation: 1 },
  { input: 5, kernel: 3, stride: 1, padding: 1, dilation: 1 },
  { input: 5, kernel: 3, stride: 1, padding: 2, dilation: 1 },
  { input: 5, kernel: 3, stride: 2, padding: 0, dilation: 1 },
  { input: 5, kernel: 3, stride: 2, padding: 1, dilation: 1 },
  { input: 6, kernel: 3, stride: 2, padding: 1, dilation: 1 },
];
