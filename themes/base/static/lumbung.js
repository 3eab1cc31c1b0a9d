/* Small comforts. Every page works without this file. */
(() => {
  const d = document, all = (q, in_ = d) => in_.querySelectorAll(q), store = sessionStorage;

  /* Drafts: what was typed outlives a lost signal or an expired session. Never passwords, files or hidden fields. */
  const key = f => `draft:${location.pathname}:${f.dataset.draft}`;
  const kept = f => [...f.elements].filter(e => e.name && !/^(password|file|hidden|submit|button)$/.test(e.type));
  const keep = f => store.setItem(key(f), JSON.stringify(kept(f).map(e => [e.name, e.type == "radio" || e.type == "checkbox" ? e.checked : e.value])));
  const bring = f => {
    const saved = JSON.parse(store.getItem(key(f)) || "null"), now = kept(f);
    if (!saved || saved.length != now.length) return;
    now.forEach((e, i) => {
      if (saved[i][0] != e.name) return;
      if (typeof saved[i][1] == "boolean") e.checked = saved[i][1];
      else if (e.value == (e.defaultValue ?? e.value)) e.value = saved[i][1];
    });
    sum(f);
  };

  /* "12.500", "12,5" and "Rp 12.500" as people type them */
  const read = text => parseFloat(text.replace(/[^\d,.]/g, "").replace(",", ".")) || 0;
  const sum = f => all("[data-sum]", f).forEach(line => {
    let total = 0;
    all(`[data-percent="${line.dataset.sum}"]`, f).forEach(i => total += Math.round(read(i.value) * 1e4));
    line.querySelector("[data-sum-value]").textContent = (total / 1e4).toLocaleString(d.documentElement.lang) + "\u00a0%";
    line.classList.toggle("sumline--right", total == 1e6);
  });

  const say = text => {
    const t = d.getElementById("toast");
    t.textContent = text;
    t.classList.add("is-up");
    clearTimeout(say.later);
    say.later = setTimeout(() => t.classList.remove("is-up"), 4000);
  };

  const ready = root => {
    all("[data-show],[data-copy],[data-print]", root).forEach(b => b.hidden = b.dataset.copy != null && !navigator.clipboard);
    all("form[data-draft]", root).forEach(f => d.querySelector("[data-flash=ok]") ? store.removeItem(key(f)) : bring(f));
    const first = root.querySelector("[data-focus]");
    if (first) first.focus();
  };

  d.addEventListener("click", e => {
    const b = e.target.closest("button,[data-print]");
    if (!b) { all("details.who[open],.places details[open]").forEach(x => x.contains(e.target) || (x.open = false)); return; }
    if (b.dataset.show) {
      const i = d.getElementById(b.dataset.show), hide = i.type == "password", words = b.textContent;
      i.type = hide ? "text" : "password";
      b.textContent = b.dataset.hideLabel;
      b.dataset.hideLabel = words;
    } else if (b.dataset.copy) {
      navigator.clipboard.writeText(b.dataset.copy).then(() => say(b.dataset.done));
    } else if ("print" in b.dataset) print();
  });
  d.addEventListener("keydown", e => e.key == "Escape" && all("details.who[open],.places details[open]").forEach(x => { x.open = false; x.firstElementChild.focus(); }));
  d.addEventListener("input", e => {
    const f = e.target.form;
    if (!f) return;
    sum(f);
    if (f.dataset.draft) keep(f);
  });
  d.addEventListener("change", e => "submit" in e.target.dataset && e.target.form.requestSubmit());

  /* One press is one send; the button says that it works. */
  d.addEventListener("submit", e => {
    const f = e.target;
    if ("forget" in f.dataset) store.clear();
    if (f.dataset.draft) store.setItem("sent", key(f));
    if (f.method != "post" || f.hasAttribute("hx-post")) return;
    if (f.dataset.sent) return e.preventDefault();
    f.dataset.sent = 1;
    d.documentElement.classList.add("is-leaving");
    e.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", e => {
    d.documentElement.classList.remove("is-leaving");
    all("form[data-sent]").forEach(f => delete f.dataset.sent);
    all("[aria-busy=true]").forEach(b => b.removeAttribute("aria-busy"));
    const sent = store.getItem("sent");
    const open = d.querySelector(".trouble, form.confirm, form[action='/masuk']"); /* not done yet: trouble, a last question, an expired session */
    if (sent && !open && ![...all("form[data-draft]")].some(f => key(f) == sent)) {
      store.removeItem(sent);
      store.removeItem("sent");
    }
  });

  /* How long a payment still waits: counted from when the page was made, so that a phone's wrong clock does no harm. */
  const two = n => String(n).padStart(2, "0");
  const tick = () => all("[data-left]").forEach(e => {
    const left = Math.max(0, Math.round(((e.until ??= Date.now() + e.dataset.left * 1000) - Date.now()) / 1000));
    e.querySelector("[data-left-value]").textContent = [left / 3600 | 0, left / 60 % 60 | 0, left % 60].map(two).join(":");
    e.hidden = false;
  });
  if (d.querySelector("[data-left]")) { tick(); setInterval(tick, 1000); }

  /* htmx: the cart tells its count; a lost signal is said, not hidden. */
  d.addEventListener("lumbung:cart", e => {
    all("[data-cart-count]").forEach(c => { c.hidden = !e.detail.count; c.lastChild.textContent = e.detail.count; });
    if (e.detail.text) say(e.detail.text);
  });
  d.addEventListener("lumbung:say", e => say(e.detail.text));
  d.addEventListener("htmx:afterRequest", e => e.detail.successful && e.target.dataset?.draft && store.removeItem(key(e.target)));
  d.addEventListener("htmx:load", e => ready(e.detail.elt));
  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach(n => d.addEventListener(n, () => say(d.getElementById("toast").dataset.lost)));
  ready(d);
})();
