// The page: a photo, what three networks make of it, and why.

import { render } from "preact";
import { onHash } from "../history.ts";
import { readAddress, writeAddress } from "./store.ts";
import { Classes, Controls } from "./view/controls.tsx";
import { Fusion } from "./view/fusion.tsx";
import { Picture } from "./view/picture.tsx";
import { Pixel } from "./view/pixel.tsx";
import { Trials } from "./view/trials.tsx";
import "./style.css";

function NetworkPage({ alone }: { alone: boolean }) {
  return (
    <div class="network">
      {alone && <h1>What a network sees</h1>}
      <p class="intro">
        Three small networks, trained from nothing on CamVid's street scenes. Point at a pixel, tap it, or go there by
        Tab and the arrow keys: what each network says of it, what that rests on, and what the skips add.
      </p>
      <Controls />
      <Classes />
      <div class="spread">
        <Picture />
        <Pixel />
      </div>
      <Fusion />
      <Trials />
      <p class="source">
        Photos and truth: CamVid (Brostow, Fauqueur, Cipolla 2009), at 240×180, from its validation pictures, which no
        training has seen. The networks' score maps are theirs; the upsampling, the sums and the softmax are computed
        here.
      </p>
    </div>
  );
}

const root = document.getElementById("network");
if (root) {
  root.replaceChildren();
  readAddress();
  writeAddress();
  onHash(readAddress);
  render(<NetworkPage alone={document.body.classList.contains("network-alone")} />, root);
}
