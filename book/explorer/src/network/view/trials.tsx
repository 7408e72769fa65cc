// Three things to try, each an address of this page.

import { GRADIENT, page } from "../store.ts";

const [first, second, third] = page.photos.map(({ number }) => `#photo=${number}`);

export function Trials() {
  return (
    <section class="trials" aria-label="To try">
      <h2>To try</h2>
      <ul>
        <li>
          Where is the car? Its heat under <a href={`${first}&net=fcn32s&class=car`}>FCN-32s</a>,
          {" "}<a href={`${first}&net=fcn16s&class=car`}>16s</a> and <a href={`${first}&net=fcn8s&class=car`}>8s</a>:
          what, and then where.
        </li>
        <li>
          FCN-8s <a href={`${third}&net=fcn8s&seen=`}>as it is</a>, {" "}
          <a href={`${third}&net=fcn8s&seen=&without=score_pool3`}>without score_pool3</a>, and {" "}
          <a href={`${third}&net=fcn8s&seen=&without=score_pool4+score_pool3`}>without both skips</a>: what is left is
          not FCN-32s, since all of FCN-8s was trained on with the skips there.
        </li>
        <li>
          A pixel of fc6 <a href={`${second}&net=fcn8s&seen=fc6`}>may see</a> the whole photo. How much the score
          depends on what lies there, its <a href={`${second}&net=fcn8s&seen=${GRADIENT}`}>gradient</a> tells: half of
          it lies in the dashed square.
        </li>
      </ul>
    </section>
  );
}
