// What makes the pages answer without a kernel: figures whose states were computed beforehand, and what the reader
// predicts and answers, kept in this browser. Without this script all pictures and words are there, standing still.

const cnncourse = (() => {
  "use strict";

  // States of figures ------------------------------------------------------------------------------------------------

  const waiting = new Map();  // by a figure's name, who waits for its states

  // Called by a figure's own script, which can be loaded from a disk as well: fetching is not allowed there.
  async function arrived(name, packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const content = await new Response(stream).json();
    waiting.get(name).resolve({ ...content, elements: mixedAgain(content.elements) });
  }

  function statesOf(figure) {
    const { name, script } = figure.dataset;
    if (!waiting.has(name)) {
      let resolve;
      const promise = new Promise((done) => { resolve = done; });
      waiting.set(name, { promise, resolve });
      const element = document.createElement("script");
      element.src = script;
      document.head.append(element);
    }
    return waiting.get(name).promise;
  }

  // Elements are kept sorted out: patterns with holes, and by columns the numbers that fill them.
  function mixedAgain({ patterns, kinds, columns, inside }) {
    const pieces = patterns.map((pattern) => pattern.split("\0"));
    const numbers = columns.map((kind) => kind.map((column) => column.split(" ")));
    const taken = patterns.map(() => 0);
    return kinds.map((kind, place) => {
      const row = taken[kind]++;
      const text = pieces[kind].map((piece, hole) => piece + (numbers[kind][hole]?.[row] ?? "")).join("");
      return inside[place] === 0 ? text : [text, ...inside[place]];
    });
  }

  // An element is a text, or its opening tag and the places of what is inside.
  function putTogether(elements, place) {
    const element = elements[place];
    if (typeof element === "string") return element;
    const [opening, ...inside] = element;
    const name = /^<([\w:-]+)/.exec(opening)[1];
    return `${opening}${inside.map((each) => putTogether(elements, each)).join("")}</${name}>`;
  }

  // The chapters' figures --------------------------------------------------------------------------------------------

  function turn(figure) {
    const controls = [...figure.querySelectorAll(".cnncourse-control")].map((control) => {
      const field = control.querySelector("input, select");
      const labels = field.dataset.labels ? JSON.parse(field.dataset.labels) : null;
      const how = { checkbox: "checked", range: "value" }[field.type] ?? "selectedIndex";
      const first = Number(field[how]);
      return {
        field,
        first,
        place: () => Number(field[how]),
        put(place) { field[how] = place; },
        say() {
          if (!labels) return;
          control.querySelector(".cnncourse-value").textContent = labels[field.value];
          field.setAttribute("aria-valuetext", labels[field.value]);
        },
      };
    });
    const picture = figure.querySelector(".cnncourse-picture");
    const words = figure.querySelector(".cnncourse-words");
    const still = picture.querySelector("img");
    let shown = 0;  // counts, so that a state that comes late does not replace a later one
    const places = () => controls.map((control) => control.place()).join(",");
    async function show(changed) {
      changed.say();
      const number = ++shown;
      const { elements, states, groups, movers } = await statesOf(figure);
      if (number !== shown) return;
      const turned = controls.indexOf(changed);
      if (movers.includes(turned) || !(places() in states)) {  // its group stays; the others go where that leaves them
        const group = groups.find((each) => each.controls.includes(turned));
        const own = group.controls.map((each) => controls[each].place()).join(",");
        const moved = group.moved[own]?.split(",").map(Number);
        controls.forEach((control, each) => {
          control.put(moved ? moved[each] : group.controls.includes(each) ? control.place() : control.first);
          control.say();
        });
      }
      picture.innerHTML = putTogether(elements, states[places()]);
      const drawing = picture.querySelector("svg");
      drawing.style.setProperty("--drawn", `${still.getAttribute("width")}px`);
      words.textContent = drawing.getAttribute("aria-label");
    }
    for (const control of controls) {
      control.field.addEventListener("input", () => show(control));
      control.field.addEventListener("focus", () => statesOf(figure), { once: true });
    }
  }

  // The networks: the explorer of JupyterLab, with a model that looks up what a kernel would send ---------------------

  class ListedStates {
    constructor(content) {
      this.content = content;
      this.listeners = new Map();
      this.place = 0;
      this.values = {
        choices: content.choices, detail: content.choices.detail[0], colour: content.choices.colour[0], size: 1,
        request: {}, message: "", svg: "",
      };
      this.values.svg = this.picture();
      this.changed = new Set();
    }

    get(name) { return this.values[name]; }

    set(name, value) {
      this.values[name] = value;
      this.changed.add(name);
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    picture() {
      const { elements, states, choices } = this.content;
      const colouring = choices.colour.indexOf(this.values.colour);
      return putTogether(elements, states[this.place * choices.colour.length + colouring]);
    }

    save_changes() {
      const changed = [...this.changed];
      this.changed.clear();
      this.tell("message", "");
      for (const name of changed) this[name]?.(this.values[name]);
      this.tell("svg", this.picture());
    }

    tell(name, value) {
      this.values[name] = value;
      for (const listener of this.listeners.get(`change:${name}`) ?? []) listener();
    }

    detail(chosen) {
      this.place = chosen === "layers" ? 2 : 0;
    }

    request(asked) {
      const { clicks, begunAgain, messages } = this.content;
      if (asked.fold === "all") {
        this.place = 1;
        this.tell("detail", "blocks");
      } else if (asked.fold === "none") {
        this.place = 0;
        this.tell("detail", "blocks");
        this.tell("colour", this.content.choices.colour[0]);
      } else if (asked.toggle in clicks[this.place]) {
        if (begunAgain[this.place].includes(asked.toggle)) this.tell("message", messages.begunAgain);
        this.place = clicks[this.place][asked.toggle];
      } else {
        this.tell("message", messages.everyLayer);
      }
    }
  }

  function open(figure) {
    const button = figure.querySelector(".cnncourse-open-it");
    button.addEventListener("click", async () => {
      button.setAttribute("aria-busy", "true");
      const content = await statesOf(figure);
      const picture = figure.querySelector(".cnncourse-picture");
      picture.replaceChildren();
      cnncourse.explorer.render({ model: new ListedStates(content), el: picture });
      button.remove();
      reachable(picture);
      picture.querySelector("select").focus({ preventScroll: true });
    });
  }

  // Predictions and quizzes ------------------------------------------------------------------------------------------

  const key = (chapter) => `cnncourse:${chapter}`;

  function record(chapter) {
    try {
      return { predictions: {}, answers: {}, ...JSON.parse(localStorage.getItem(key(chapter))) };
    } catch {  // storage is forbidden, or holds what is not ours
      return { predictions: {}, answers: {} };
    }
  }

  function keep(form, value) {
    const { chapter, kind, name } = form.dataset;
    const kept = record(chapter);
    kept[kind][name] = value;
    try {
      localStorage.setItem(key(chapter), JSON.stringify(kept));
    } catch {
      return " It could not be kept: this browser does not let pages store anything.";
    }
    return "";
  }

  // As in the course's Python: digits may be grouped, and ten of them are shown.
  function number(text) {
    const plain = text.replaceAll(/[,_ ]/g, "");
    return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : null;
  }
  const grouped = (value) => value.toLocaleString("en", { maximumSignificantDigits: 10 });
  const GIVEN = "␟";  // stands in the course's sentences for what was given

  function answer(form) {
    const { chapter, kind, name } = form.dataset;
    const status = form.querySelector("[role=status]");
    const demand = status.textContent;
    const field = form.querySelector("input[type=text], textarea");
    const told = new Map([...form.querySelectorAll("template")].map((each) => [each.dataset.for, each.innerHTML]));
    const sentence = (value) => {
      if (!field) return told.get(value);
      const shown = document.createElement("i");
      shown.textContent = "number" in field.dataset ? grouped(Number(value)) : value;
      return told.get(GIVEN).replace(GIVEN, () => shown.innerHTML);
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      let value = event.target.value.trim();
      if (field && "number" in field.dataset) {
        const read = number(value);
        if (read === null) {
          status.innerHTML = value ? told.get("refusal") : demand;
          return;
        }
        value = String(read);
      }
      if (!value) return;
      const trouble = keep(form, value);
      status.innerHTML = sentence(value);
      status.append(trouble);
      refresh();
    });
    const before = record(chapter)[kind][name];
    if (before === undefined) return;
    if (field) {
      field.value = before;
    } else {
      const chosen = [...form.querySelectorAll("input")].find((each) => each.value === before);
      if (!chosen) return;  // no longer offered
      chosen.checked = true;
    }
    status.innerHTML = sentence(before);
  }

  // Beside a result: what the reader predicted.
  function recall(mark) {
    const output = mark.closest(".cell_output");
    const { chapter, name, unit, none, said } = mark.dataset;
    const texts = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    let place = null;
    while (!place && texts.nextNode()) {
      const at = texts.currentNode.data.indexOf(none);
      if (at >= 0) {
        const after = texts.currentNode.splitText(at);
        after.splitText(none.length);
        place = document.createElement("span");
        after.replaceWith(place);
      }
    }
    if (!place) return;
    place.className = "cnncourse-recalled";
    mark.say = () => {
      const value = record(chapter).predictions[name];
      const shown = unit && number(value ?? "") !== null ? grouped(number(value)) : value;
      place.textContent = value === undefined ? none : said.replace(GIVEN, () => shown);
    };
    mark.say();
  }

  function come(summary) {
    const { chapter } = summary.dataset;
    summary.say = () => {
      const kept = record(chapter);
      const right = [...document.querySelectorAll("form[data-right]")]
        .filter((form) => kept.answers[form.dataset.name] === form.dataset.right);
      const counts = {
        predictions: Object.keys(kept.predictions).length, answers: Object.keys(kept.answers).length,
        right: right.length,
      };
      for (const each of summary.querySelectorAll("[data-count]")) each.textContent = counts[each.dataset.count];
    };
    summary.querySelector("button").addEventListener("click", () => {
      try {
        localStorage.removeItem(key(chapter));
      } catch {
        // then there was nothing to forget
      }
      location.reload();
    });
    summary.say();
  }

  function refresh() {
    for (const each of document.querySelectorAll(".cnncourse-recall, .cnncourse-come")) each.say?.();
  }

  // What is wider than its place scrolls by itself, and by keyboard ---------------------------------------------------

  const SCROLLED = ".highlight pre, .cnncourse-picture, .cell_output .output, .table-wrapper, .output.text_html";

  function reachable(root) {
    for (const each of root.querySelectorAll(SCROLLED)) {
      const isWider = each.scrollWidth > each.clientWidth + 1;
      if (isWider && !each.hasAttribute("tabindex")) {
        each.tabIndex = 0;
        each.setAttribute("role", "group");
        each.setAttribute("aria-label", "scrolls sideways");
      }
    }
  }

  function start() {
    document.documentElement.classList.add("cnncourse-answers");
    document.querySelectorAll(".cnncourse-turned").forEach(turn);
    document.querySelectorAll(".cnncourse-opened").forEach(open);
    document.querySelectorAll(".cnncourse-answer").forEach(answer);
    document.querySelectorAll(".cnncourse-recall").forEach(recall);
    document.querySelectorAll(".cnncourse-come").forEach(come);
    reachable(document);
  }

  document.addEventListener("DOMContentLoaded", start);
  window.addEventListener("load", () => reachable(document));
  window.addEventListener("resize", () => reachable(document));
  return { arrived };
})();
window.cnncourse = cnncourse;
