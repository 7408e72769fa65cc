// From score maps to the classes of pixels: the last part of a fully convolutional network, without a page.

export interface Maps { channels: number; height: number; width: number; values: Float32Array }
export type Step = { stride: number; taps: number[] } | { crop: [number, number]; size: [number, number] };

/** Maps after these steps, which bring them to the photo's size. */
export function broughtUp(maps: Maps, steps: Step[]): Maps {
  for (const step of steps) {
    maps = "crop" in step
      ? cropped(maps, step.crop, step.size)
      : turned(stamped(turned(stamped(maps, step.stride, step.taps)), step.stride, step.taps));
  }
  return maps;
}

/** a + b + ..., number by number. */
export function sum(maps: Maps[]): Maps {
  const [first, ...others] = maps;
  const values = first!.values.slice();
  for (const other of others) {
    for (let i = 0; i < values.length; i++) values[i]! += other.values[i]!;
  }
  return { ...first!, values };
}

/** The scores of one pixel, class by class. */
export function scoresAt(maps: Maps, x: number, y: number): number[] {
  const { channels, height, width, values } = maps;
  return Array.from({ length: channels }, (_, channel) => values[(channel * height + y) * width + x]!);
}

/** The softmax of some scores. */
export function probabilities(scores: number[]): number[] {
  const most = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - most));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / total);
}

/** The class with the largest score at every pixel, row by row. */
export function winners(maps: Maps): Uint8Array {
  const pixels = maps.height * maps.width;
  const best = maps.values.slice(0, pixels);
  const found = new Uint8Array(pixels);
  for (let channel = 1; channel < maps.channels; channel++) {
    for (let i = 0; i < pixels; i++) {
      const score = maps.values[channel * pixels + i]!;
      if (score > best[i]!) {
        best[i] = score;
        found[i] = channel;
      }
    }
  }
  return found;
}

/** The probability of one class at every pixel, row by row. */
export function heat(maps: Maps, channel: number): Float32Array {
  const pixels = maps.height * maps.width;
  const found = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    // 1 / the sum of exp(other - own): the softmax, which overflows to 0 as it should
    let total = 0;
    for (let other = 0; other < maps.channels; other++) {
      total += Math.exp(maps.values[other * pixels + i]! - maps.values[channel * pixels + i]!);
    }
    found[i] = 1 / total;
  }
  return found;
}

// A transposed convolution along the rows alone: each number leaves the taps, times itself, `stride` after the last's.
function stamped(maps: Maps, stride: number, taps: number[]): Maps {
  const { width } = maps;
  const wide = (width - 1) * stride + taps.length;
  const lines = maps.channels * maps.height;
  const values = new Float32Array(lines * wide);
  for (let line = 0; line < lines; line++) {
    for (let x = 0; x < width; x++) {
      const score = maps.values[line * width + x]!;
      const start = line * wide + x * stride;
      for (let tap = 0; tap < taps.length; tap++) values[start + tap]! += score * taps[tap]!;
    }
  }
  return { ...maps, width: wide, values };
}

// Rows become columns: what was done along the rows can then be done along the others.
function turned(maps: Maps): Maps {
  const { channels, height, width } = maps;
  const values = new Float32Array(maps.values.length);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * height * width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) values[start + x * height + y] = maps.values[start + y * width + x]!;
    }
  }
  return { channels, height: width, width: height, values };
}

function cropped(maps: Maps, [top, left]: [number, number], [height, width]: [number, number]): Maps {
  const values = new Float32Array(maps.channels * height * width);
  for (let channel = 0; channel < maps.channels; channel++) {
    for (let y = 0; y < height; y++) {
      const start = (channel * maps.height + top + y) * maps.width + left;
      values.set(maps.values.subarray(start, start + width), (channel * height + y) * width);
    }
  }
  return { channels: maps.channels, height, width, values };
}
