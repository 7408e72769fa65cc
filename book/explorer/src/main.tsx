import { render } from "preact";
import "./style.css";

function Explorer() {
  return <p>A convolution and its transpose.</p>;
}

const root = document.getElementById("explorer");
if (root) render(<Explorer />, root);
