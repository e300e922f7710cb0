// The page's side of an interactive network: it shows the picture that the kernel sends, and tells the kernel what was
// clicked. What a part of the picture stands for is in its <title>, so that pointing and focusing need no kernel.

// Of its own width: narrower, a drawing's letters would be of 6 pixels and less; it scrolls sideways instead.
const LEAST = 0.65;
const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3];
const RESTING = "Point at a box to see what it is. Click a block to open or fold it.\n" +
  "With the keyboard: Tab into the picture, move with the arrow keys, open or fold with Enter.";
const PART = "[data-box], [data-block]";

function render({ model, el }) {
  el.classList.add("cnncourse-explorer");
  el.innerHTML = `
    <div class="controls">
      <label>detail <select data-trait="detail"></select></label>
      <label>colour by <select data-trait="colour"></select></label>
      <label>image size <input data-trait="size" type="number" min="1" step="1"></label>
      <button type="button" data-fold="all">fold all</button>
      <button type="button" data-fold="none">as drawn first</button>
      <button type="button" data-zoom="-1" aria-label="smaller">−</button>
      <button type="button" data-zoom="1" aria-label="larger">+</button>
      <button type="button" data-full>full screen</button>
    </div>
    <div class="message" role="status"></div>
    <pre class="about"></pre>
    <div class="picture"></div>`;
  const about = el.querySelector(".about");
  const message = el.querySelector(".message");
  const picture = el.querySelector(".picture");

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
    model.on("change:message", show);  // a size that was refused is put back
    show();
  }

  let zoom = 1;
  function resize() {
    const drawing = picture.querySelector("svg");
    if (drawing) {
      drawing.style.width = `calc(${zoom} * max(100%, ${LEAST} * ${drawing.dataset.widest}))`;
      drawing.style.maxWidth = zoom === 1 ? drawing.dataset.widest : "none";
    }
  }
  // What is in the middle of the view stays there.
  function zoomTo(next) {
    const drawing = picture.querySelector("svg");
    const middle = () => {
      const [view, all] = [picture.getBoundingClientRect(), drawing.getBoundingClientRect()];
      return { all, x: view.left + view.width / 2 - all.left, y: view.top + view.height / 2 - all.top };
    };
    const before = middle();
    zoom = next;
    resize();
    const after = middle();
    picture.scrollBy(
      before.x * after.all.width / before.all.width - after.x, before.y * after.all.height / before.all.height - after.y,
    );
  }
  for (const button of el.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      const next = ZOOMS.indexOf(zoom) + Number(button.dataset.zoom);
      zoomTo(ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, next))]);
    });
  }
  for (const button of el.querySelectorAll("[data-fold]")) {
    button.addEventListener("click", () => {
      if (button.dataset.fold === "none") {
        zoom = 1;
        resize();
        picture.scrollTo(0, 0);
        about.textContent = RESTING;
      }
      ask({ fold: button.dataset.fold });
    });
  }
  const full = el.querySelector("[data-full]");
  full.addEventListener("click", () => {
    if (document.fullscreenElement === el) document.exitFullscreen();
    else el.requestFullscreen();
  });
  el.addEventListener("fullscreenchange", () => {
    full.textContent = document.fullscreenElement === el ? "leave full screen" : "full screen";
  });

  let asked = model.get("request").number ?? 0;
  function ask(request) {
    asked += 1;
    model.set("request", { ...request, number: asked });
    model.save_changes();
  }

  const partOf = (target) => target.closest?.(PART);
  const focusedPart = () => (picture.contains(document.activeElement) ? partOf(document.activeElement) : null);
  function tell(event) {
    const part = partOf(event.target) ?? focusedPart();
    about.textContent = part ? part.querySelector("title")?.textContent ?? "" : RESTING;
  }
  picture.addEventListener("pointerover", tell);
  picture.addEventListener("focusin", tell);
  picture.addEventListener("pointerleave", tell);

  // A block that opens or folds stays where it is on the screen.
  let held = null;
  function toggle(event) {
    const block = event.target.closest?.("[data-block]");
    if (block) {
      event.preventDefault();
      held = { name: block.dataset.block, top: block.getBoundingClientRect().top };
      ask({ toggle: block.dataset.block });
    }
  }
  const named = (name) => picture.querySelector(`[data-block="${CSS.escape(name)}"]`);
  picture.addEventListener("click", toggle);
  picture.addEventListener("keydown", (event) => {
    const parts = [...picture.querySelectorAll(PART)];
    const here = parts.indexOf(focusedPart());
    const to = {
      ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: parts.length - 1,
    }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      toggle(event);
    } else if (here >= 0 && to !== undefined) {
      event.preventDefault();
      stop(parts[Math.max(0, Math.min(parts.length - 1, to))]).focus();
    }
  });

  // One stop for the Tab key, at the part that was reached last.
  function stop(part) {
    for (const other of picture.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    part?.setAttribute("tabindex", "0");
    return part;
  }

  function draw() {
    const focused = focusedPart();
    const again = focused?.dataset.block;
    picture.innerHTML = model.get("svg");
    const drawing = picture.querySelector("svg");
    drawing.dataset.widest = drawing.style.maxWidth;
    resize();
    const part = again ? named(again) : null;
    stop(part ?? picture.querySelector(PART));
    part?.focus({ preventScroll: true });
    const block = held ? named(held.name) : null;
    if (block) picture.scrollTop += block.getBoundingClientRect().top - held.top;
    held = null;
  }
  const say = () => { message.textContent = model.get("message"); };
  model.on("change:svg", draw);
  model.on("change:message", say);
  draw();
  say();
  about.textContent = RESTING;
}

export default { render };
