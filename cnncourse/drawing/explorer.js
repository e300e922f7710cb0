// The page's side of an interactive network: it shows the picture that the kernel sends, and tells the kernel what was
// clicked. What a part of the picture stands for is in its <title>, so that pointing and focusing need no kernel.

function render({ model, el }) {
  el.classList.add("cnncourse-explorer");
  el.innerHTML = `
    <div class="controls" style="display:flex;gap:1.2em;flex-wrap:wrap;align-items:center;margin-bottom:6px">
      <label>detail <select data-trait="detail"></select></label>
      <label>colour by <select data-trait="colour"></select></label>
      <label>image size <input data-trait="size" type="number" min="1" step="1" style="width:6em"></label>
      <button type="button" data-fold="all">fold all</button>
      <button type="button" data-fold="none">as drawn first</button>
    </div>
    <pre class="about" aria-live="polite" style="height:9.6em;overflow:auto;margin:0 0 6px;padding:6px 8px;
      background:#f6f6f3;color:#222222;border-radius:6px;font-size:12px;line-height:1.35"></pre>
    <div class="picture"></div>`;
  const about = el.querySelector(".about");
  const picture = el.querySelector(".picture");
  const resting = "Point at a box, or move to it with Tab, to see what it is. Click a block, or press Enter, to open or fold it.";

  for (const control of el.querySelectorAll("[data-trait]")) {
    const trait = control.dataset.trait;
    for (const choice of model.get("choices")[trait] ?? []) {
      control.add(new Option(choice, choice));
    }
    const show = () => { control.value = model.get(trait); };
    control.addEventListener("change", () => {
      const value = control.type === "number" ? Number.parseInt(control.value, 10) : control.value;
      if (control.type === "number" && !(value > 0)) {
        show();
        return;
      }
      model.set(trait, value);
      model.save_changes();
    });
    model.on(`change:${trait}`, show);
    show();
  }
  for (const button of el.querySelectorAll("[data-fold]")) {
    button.addEventListener("click", () => ask({ fold: button.dataset.fold }));
  }

  let asked = model.get("request").number ?? 0;
  function ask(request) {
    asked += 1;
    model.set("request", { ...request, number: asked });
    model.save_changes();
  }

  const partOf = (target) => target.closest?.("[data-box], [data-block]");
  const focusedPart = () => (picture.contains(document.activeElement) ? partOf(document.activeElement) : null);
  function tell(event) {
    const part = partOf(event.target) ?? focusedPart();
    about.textContent = part ? part.querySelector("title")?.textContent ?? "" : model.get("message") || resting;
  }
  picture.addEventListener("pointerover", tell);
  picture.addEventListener("focusin", tell);
  picture.addEventListener("pointerleave", tell);

  function toggle(event) {
    const block = event.target.closest?.("[data-block]");
    if (block) {
      event.preventDefault();
      ask({ toggle: block.dataset.block });
    }
  }
  picture.addEventListener("click", toggle);
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      toggle(event);
    }
  });

  function draw() {
    const focused = focusedPart();
    const again = focused?.dataset.block ? `[data-block="${CSS.escape(focused.dataset.block)}"]` : null;
    picture.innerHTML = model.get("svg");
    if (again) picture.querySelector(again)?.focus({ preventScroll: true });
  }
  model.on("change:svg", draw);
  model.on("change:message", () => { about.textContent = model.get("message") || resting; });
  draw();
  about.textContent = model.get("message") || resting;
}

export default { render };
