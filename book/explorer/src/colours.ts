// The colours of a kernel's entries: viridis, from dark to bright in reading order, as in minifcn's pictures. The
// colour-blind tell them apart, for brightness alone does. On a dark page the darkest are left out.

export type Colour = readonly [red: number, green: number, blue: number];

const VIRIDIS =
  "440154 471063 481f70 472d7b 443983 404688 3b528b 365d8d 31688e 2c728e 287c8e 24868e 21918c 1f9a8a 20a486 28ae80 " +
  "35b779 48c16e 5ec962 75d054 90d743 addc30 c8e020 e5e419 fde725";
const STOPS = VIRIDIS.split(" ").map((hex): Colour => [parse(hex, 0), parse(hex, 2), parse(hex, 4)]);
const DARK_PAGE = 0.22; // where viridis begins on a dark page

/** The colours of entries 1..count. */
export function entryColours(count: number, from = 0): Colour[] {
  return Array.from({ length: count }, (_, n) => viridis(count > 1 ? from + ((1 - from) * n) / (count - 1) : from));
}

/** Style rules for the classes w1..w<count>: an entry's cell, and black or white for what is written on it. */
export function entryRules(count: number): string {
  const dark = entryColours(count, DARK_PAGE);
  const rules = entryColours(count).map((light, n) => {
    const fill = `light-dark(rgb(${light}),rgb(${dark[n]}))`;
    const ink = `light-dark(${inkOn(light)},${inkOn(dark[n]!)})`;
    return `.explorer .w${n + 1}{--fill:${fill};--ink:${ink}}`;
  });
  return rules.join("");
}

/** Black or white, whichever has more contrast (WCAG 2's relative luminance): 4.5 to 1 at least. */
function inkOn(colour: Colour): string {
  const [red, green, blue] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.179 ? "#000" : "#fff";
}

function viridis(at: number): Colour {
  const place = at * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(STOPS[low]![channel] + (STOPS[low + 1]![channel] - STOPS[low]![channel]) * (place - low));
  return [mix(0), mix(1), mix(2)];
}

function parse(hex: string, at: number): number {
  return parseInt(hex.slice(at, at + 2), 16);
}
