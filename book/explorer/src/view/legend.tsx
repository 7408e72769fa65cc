// What the cells' colours and patterns mean, of those that are there.

import { untouched, type Setting } from "../arithmetic.ts";
import { KINDS, paddedKinds, stretchedKinds, type Kind } from "../maps.ts";

const WORDS: Record<Kind, string> = {
  pixel: "pixel",
  zero: "zero between pixels",
  padding: "zero of the padding",
  unseen: "zero at the end, for pixels that no window reached (a)",
  cut: "cut off (p′ is below 0)",
};

export function Legend({ setting }: { setting: Setting }) {
  const there = new Set([...paddedKinds(setting), ...stretchedKinds(setting)].flat());
  return (
    <ul class="legend" aria-label="Legend">
      {KINDS.filter((kind) => there.has(kind)).map((kind) => (
        <li key={kind}>
          <span class={`cell ${kind}`}><span class="text">{kind === "pixel" ? "" : kind === "cut" ? "×" : "0"}</span></span> {WORDS[kind]}
        </li>
      ))}
      {untouched(setting).length > 0 && (
        <li>
          <span class="cell blind" /> no window reaches it
        </li>
      )}
      <li>
        <span class="gradient" /> an entry of the kernel, by its place in it
      </li>
      <li>
        <span class="cell now-frame" /> chosen
      </li>
      <li>
        <span class="cell example-frame" /> one of several
      </li>
    </ul>
  );
}
