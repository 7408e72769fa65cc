// What lies where on the maps that windows slide over, and which numbers stand there to begin with. No page here either.

import { pixelAt, range, sizes, stampOf, type Pixel, type Setting, type Tap } from "./arithmetic.ts";

/** What a cell of a map can be; where its row and its column differ, the later one. */
export const KINDS = ["pixel", "zero", "padding", "unseen", "cut"] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds of the padded input's cells. */
export function paddedKinds(setting: Setting): Kind[][] {
  const { input, padding } = setting;
  return square(
    range(input + 2 * padding).map((at) => (at >= padding && at < padding + input ? "pixel" : "padding")),
  );
}

/** The kinds of the map that the turned kernel slides over: the small map stretched with zeros, and padded.

Where p' is below 0 the cells that are cut off are there, but no window reaches them. */
export function stretchedKinds(setting: Setting): Kind[][] {
  const { stretched, transposedPadding: before, unseen } = sizes(setting);
  const after = before + unseen;
  const first = -Math.max(before, 0);
  const cells = range(stretched + Math.max(after, 0) - first).map((cell): Kind => {
    const at = cell + first;
    if (at < -before || at >= stretched + after) return "cut";
    if (at >= stretched + Math.max(before, 0)) return "unseen";
    if (at < 0 || at >= stretched) return "padding";
    return at % setting.stride === 0 ? "pixel" : "zero";
  });
  return square(cells);
}

/** Where a pixel of the small map lies in the stretched one. */
export function stretchedPlace(setting: Setting, [row, col]: Pixel): Pixel {
  const first = Math.max(sizes(setting).transposedPadding, 0);
  return [first + row * setting.stride, first + col * setting.stride];
}

/** What the turned kernel covers of the stretched map as it makes one pixel of the large one, in reading order. */
export function turnedWindow(setting: Setting, [row, col]: Pixel): Tap[] {
  const { kernel, dilation } = setting;
  const first = Math.max(-sizes(setting).transposedPadding, 0);
  return range(kernel * kernel).map((number) => {
    const [i, j] = pixelAt(number, kernel);
    return { row: first + row + i * dilation, col: first + col + j * dilation, entry: kernel * kernel - number };
  });
}

/** The number of the output pixel to show: of those whose windows see most pixels, the nearest to the middle. */
export function tellingPixel(setting: Setting): Pixel {
  const { output } = sizes(setting);
  const middle = (output - 1) / 2;
  const first = Math.floor(output / 2) * output + Math.floor((output - 1) / 2);
  const worth = (number: number) => {
    const pixel = pixelAt(number, output);
    const far = (pixel[0] - middle) ** 2 + (pixel[1] - middle) ** 2;
    return [stampOf(setting, pixel).length, -far, -Math.abs(number - first)];
  };
  const better = (a: number[], b: number[]) => {
    const differs = a.findIndex((value, index) => value !== b[index]);
    return differs >= 0 && a[differs]! > b[differs]!;
  };
  return pixelAt(
    range(output * output).reduce((best, number) => (better(worth(number), worth(best)) ? number : best), 0),
    output,
  );
}

/** A kernel of small numbers that differs from itself turned, in reading order: 2 3 1 / 3 1 2 / 1 2 3. */
export function exampleKernel(size: number): number[] {
  return range(size * size).map((number) => 1 + ((Math.floor(number / size) + (number % size) + 1) % 3));
}

/** An image of numbers from 1 to 5, in reading order. */
export function exampleImage(size: number): number[] {
  return range(size * size).map((number) => {
    const [row, col] = pixelAt(number, size);
    return 1 + ((3 * row + row * col + col) % 5);
  });
}

/** The kinds of a square map from those of one axis. */
function square(axis: readonly Kind[]): Kind[][] {
  const later = (a: Kind, b: Kind) => (KINDS.indexOf(a) > KINDS.indexOf(b) ? a : b);
  return axis.map((row) => axis.map((col) => later(row, col)));
}
