// The sizes, by their formulas and with the numbers put in, and in words what they mean here.

import type { ComponentChildren } from "preact";
import { neverSeen, possibleInputs, sizes, type Setting } from "../arithmetic.ts";
import { plural, squared } from "./names.tsx";

export function Formulas({ setting }: { setting: Setting }) {
  const { input: i, kernel: k, stride: s, padding: p, dilation: d } = setting;
  const { reach: r, output: o, unseen: a, stretched, transposedPadding, transposedOutput } = sizes(setting);
  return (
    <section class="formulas" aria-label="Sizes">
      <h3>How large is <i>y</i>?</h3>
      <Line name="reach" left={<i>r</i>} right={<><i>d</i> (<i>k</i> − 1) + 1</>}
        numbers={<>{d} · ({k} − 1) + 1</>} result={r} note="pixels from the kernel's first to its last" />
      <Line name="output" left={<i>o</i>}
        right={<><Floor top={<><i>i</i> + 2<i>p</i> − <i>r</i></>} below={<i>s</i>} /> + 1</>}
        numbers={<><Floor top={<>{i} + 2 · {p} − {r}</>} below={s} /> + 1</>} result={o} />
      <Line name="unseen" left={<i>a</i>} right={<>(<i>i</i> + 2<i>p</i> − <i>r</i>) mod <i>s</i></>}
        numbers={<>{i + 2 * p - r} mod {s}</>} result={a} note="left over: the output padding" />
      <h3>And back?</h3>
      <Line name="stretched" left={<span>stretched</span>} right={<><i>s</i> (<i>o</i> − 1) + 1</>}
        numbers={<>{s} · ({o} − 1) + 1</>} result={stretched} note={`${plural(s - 1, "zero")} between two pixels`} />
      <Line name="transposed-padding" left={<><i>p</i>′</>} right={<><i>r</i> − 1 − <i>p</i></>}
        numbers={<>{r} − 1 − {p}</>} result={transposedPadding}
        note={transposedPadding < 0 ? "below 0: pixels are cut off" : "zeros around that"} />
      <Line name="transposed-output" left={<><i>o</i>′</>}
        right={<><i>s</i> (<i>o</i> − 1) + <i>r</i> − 2<i>p</i> + <i>a</i></>}
        numbers={<>{s} · {o - 1} + {r} − 2 · {p} + {a}</>} result={transposedOutput} />
      <p class="meaning">{leftOver(setting)} {severalInputs(setting)}</p>
    </section>
  );
}

interface LineProps {
  readonly name: string;
  readonly left: ComponentChildren;
  readonly right: ComponentChildren;
  readonly numbers: ComponentChildren;
  readonly result: number;
  readonly note?: string;
}

function Line({ name, left, right, numbers, result, note }: LineProps) {
  return (
    <p class="formula" data-formula={name}>
      <span class="left">{left}</span>
      <span class="rest">
        = {right} <br />= {numbers} = <b>{String(result).replace("-", "−")}</b>
        {note && <small> {note}</small>}
      </span>
    </p>
  );
}

/** The fraction between the brackets of a floor. */
function Floor({ top, below }: { top: ComponentChildren; below: ComponentChildren }) {
  return (
    <span class="floor">
      <span class="bracket" aria-hidden="true">⌊</span>
      <span class="fraction">
        <span>{top}</span>
        <span class="over"> / </span>
        <span>{below}</span>
      </span>
      <span class="bracket" aria-hidden="true">⌋</span>
    </span>
  );
}

/** What does not fit, and whether that is a pixel of the image. */
export function leftOver(setting: Setting): string {
  const { unseen } = sizes(setting);
  const blind = neverSeen(setting);
  const { input } = setting;
  if (blind.length === input) return "No pixel of the input is ever seen: C holds nothing but zeros.";
  if (blind.length) {
    const ones = blind.length === 1 ? "One row and one column" : `${blind.length} rows and ${blind.length} columns`;
    const which = blind.length === 1 ? `number ${blind[0]}` : `numbers ${blind.slice(0, -1).join(", ")} and ${blind.at(-1)}`;
    return `${ones} of the input ${blind.length === 1 ? "is" : "are"} never seen (${which}): columns of zeros in C.`;
  }
  if (unseen) {
    const over = unseen === 1 ? "One row and column is" : `${unseen} rows and columns are`;
    return `${over} left over at the end, but that is padding: each pixel of the input is seen.`;
  }
  return "Every pixel of the input is seen, and nothing is left over.";
}

/** All sizes that become this output. */
export function severalInputs(setting: Setting): string {
  const { output } = sizes(setting);
  const inputs = possibleInputs(setting, output);
  if (inputs.length < 2) return `Only ${squared(setting.input)} becomes ${squared(output)}.`;
  const named = `${inputs.slice(0, -1).join(", ")} and ${inputs.at(-1)}`;
  return `${named} pixels ${inputs.length === 2 ? "both" : "all"} become ${output}: a tells which it was.`;
}
