// What ipywidgets leave out: keys typed in a figure stay in it, its controls have names, what it says is read aloud, and
// its letters are large enough.

// Of its own width: narrower, a picture's letters would be of 6 pixels and less; it scrolls sideways instead.
const LEAST = 0.65;
const NAMED = ".widget-slider, .widget-hslider, .widget-vslider";

function name(root) {
  for (const slider of root.querySelectorAll(NAMED)) {
    const words = slider.querySelector(".widget-label")?.textContent?.trim();
    if (!words) continue;
    for (const handle of slider.querySelectorAll(".noUi-handle")) handle.setAttribute("aria-label", words);
    const readout = slider.querySelector(".widget-readout");
    readout?.setAttribute("role", "textbox");
    readout?.setAttribute("aria-label", `${words}, as a number`);
  }
  for (const radio of root.querySelectorAll(".widget-radio")) {
    const box = radio.querySelector(".widget-radio-box");
    box?.setAttribute("role", "radiogroup");
    // A question stands above its answers; other radios have a description of their own.
    const own = radio.querySelector(".widget-label")?.textContent?.trim();
    box?.setAttribute("aria-label", own || radio.previousElementSibling?.textContent?.trim() || "choose one");
  }
  for (const field of root.querySelectorAll(".widget-text input, .widget-textarea textarea")) {
    const above = field.closest(".jupyter-widgets")?.previousElementSibling?.textContent?.trim();
    if (above) field.setAttribute("aria-label", above);
  }
  for (const drawing of root.querySelectorAll(".widget-html-content > svg")) {
    drawing.style.minWidth = `calc(${LEAST} * ${drawing.style.maxWidth})`;
  }
  for (const status of root.querySelectorAll(".cnncourse-status")) {
    status.setAttribute("role", "status");
    status.setAttribute("aria-live", "polite");
  }
}

function render({ el }) {
  el.style.display = "none";
  let observer;
  const attached = () => {
    const root = el.closest(".cnncourse-live");
    if (!root) return false;
    // JupyterLab's shortcuts are for the notebook: "x" on a slider would cut the cell. It looks at what has the focus.
    root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    root.dataset.named = "true";
    name(root);
    observer = new MutationObserver(() => name(root));
    observer.observe(root, { childList: true, subtree: true });
    return true;
  };
  // A widget is drawn before it is put into the page.
  const wait = () => attached() || (frame = requestAnimationFrame(wait));
  let frame = requestAnimationFrame(wait);
  return () => {
    cancelAnimationFrame(frame);
    observer?.disconnect();
  };
}

export default { render };
