// What stands in the place of the maps where there is no convolution: why, and the kernel that is too large.

import { reach, type Setting } from "../arithmetic.ts";
import { paddedKinds } from "../maps.ts";
import { useWidth } from "./layout.ts";
import { PixelMap } from "./map.tsx";
import { squared } from "./names.tsx";

export function Refused({ setting, why }: { setting: Setting; why: string }) {
  const [stage, width] = useWidth<HTMLDivElement>();
  const kinds = paddedKinds(setting);
  const side = Math.min(36, Math.floor((width - 8) / reach(setting)));
  const window = { row: 0, col: 0, height: reach(setting), width: reach(setting) };
  return (
    <div class="stage" ref={stage}>
      <p class="notice refused" role="alert">There is no such convolution: {why}.</p>
      {side > 0 && (
        <div style={{ minHeight: `${side * reach(setting) + 40}px` }}>
          <PixelMap
            id="too-small"
            title={<><i>x</i> with its padding, {squared(kinds.length)}, and the window of the kernel</>}
            said="the padded input, and the window that is larger"
            kinds={kinds}
            lit={{ taps: [], frames: [window] }}
            side={side}
            look={(row, col) => ({ text: kinds[row]![col] === "padding" ? "0" : "" })}
          />
        </div>
      )}
    </div>
  );
}
