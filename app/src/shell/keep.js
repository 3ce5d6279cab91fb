// What is drawn anew keeps what a person did there: what they folded, what they typed, and the focus. Whoever answers by
// keys stays with the agent, and what they type does not become a shortcut when its field goes. The column beside a page
// keeps the one in view that the page is about.
(function () {
  var ALL = "details, input, textarea, select, button, summary, a";
  var FIELD = "input:not([type=radio], [type=checkbox]), textarea, select";
  var last, home, page, isByKey, deafUntil = 0, current;
  // What there is to be kept, by names that it has before and after.
  function within(nodes) {
    var found = new Map(), seen = {};
    nodes.forEach(function (node) {
      if (!node.querySelectorAll) return;
      [node, ...node.querySelectorAll(ALL)].forEach(function (one) {
        if (!one.matches(ALL)) return;
        var name = nameOf(one);
        seen[name] = (seen[name] || 0) + 1;
        found.set(name + seen[name], one);
      });
    });
    return found;
  }
  function nameOf(one) {
    var form = one.form || one.querySelector("form") || (one.parentNode || one).querySelector("form");
    var own = one.dataset.command || one.dataset.path || one.dataset.key || one.getAttribute("href") || one.name || one.className;
    return [one.localName, form ? form.dataset.command : "", own, /radio|checkbox/.test(one.type) ? one.value : "", ""].join();
  }
  // What a field said before anybody changed it.
  function given(field) {
    var chosen = field.options && [...field.options].find(function (option) { return option.defaultSelected; });
    return field.options ? (chosen || field.options[0] || field).value : field.defaultValue;
  }
  // Puts what was done to one of them on the other.
  function carry(from, to) {
    var form = from.form || from.querySelector("form");
    // What was sent is over.
    if (form && form.dataset.key) return;
    var isChosen = "folded" in from.dataset;
    if (from.open && !to.open) to.dataset.kept = "";
    if (from.open || isChosen) to.open = from.open;
    if (isChosen) to.dataset.folded = "";
    if (from.checked !== from.defaultChecked) to.checked = from.checked;
    if (from.matches(FIELD) && from.value !== given(from)) to.value = from.value;
  }
  // What was taken away where something was added: the browser tells of both at once, or first that all is gone.
  function gone(record, previous) {
    var isAll = previous && previous.target === record.target && !record.previousSibling && !record.nextSibling;
    return record.removedNodes.length || !isAll ? record.removedNodes : previous.removedNodes;
  }
  function redrawn(record, index, records) {
    var removed = gone(record, records[index - 1]);
    if (!record.addedNodes.length || !removed.length) return;
    var before = within(removed);
    if (!before.size) return;
    var after = within(record.addedNodes);
    before.forEach(function (one, name) {
      var twin = after.get(name);
      if (!twin) return;
      carry(one, twin);
      if (one !== last || document.activeElement !== document.body) return;
      if (isByKey || one.matches(FIELD)) twin.focus({ preventScroll: true });
    });
  }
  // Whether what had the focus was put elsewhere, which takes it away.
  function moved(record) {
    return last.isConnected && [...record.removedNodes].some(function (node) { return node.contains(last); });
  }
  new MutationObserver(function (records) {
    records.forEach(redrawn);
    if (last && isByKey && document.activeElement === document.body && records.some(moved)) last.focus({ preventScroll: true });
    var column = document.querySelector(".list-column .is-current");
    if (column !== current && (current = column)) column.scrollIntoView({ block: "nearest" });
    if (!last || last.isConnected || page !== location.pathname || document.activeElement !== document.body) return;
    if (last.matches(FIELD)) deafUntil = Date.now() + 1500;
    var row = isByKey && home && document.querySelector(home);
    last = null;
    if (!row) return;
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
  }).observe(document, { childList: true, subtree: true });
  addEventListener("focusin", function (event) {
    last = event.target;
    page = location.pathname;
    var row = last.closest("[data-agent]");
    home = row && "." + row.classList[0] + '[data-agent="' + row.dataset.agent + '"]';
    if (last.matches(FIELD)) deafUntil = 0;
  });
  // Left by other means than a tap elsewhere: a key of the phone's keyboard.
  addEventListener("focusout", function () {
    setTimeout(function () {
      if (last && last.isConnected && document.activeElement === document.body) last = null;
    });
  });
  // What a person folded or unfolded is not as the server draws it.
  addEventListener("click", function (event) {
    var summary = event.target.closest("summary");
    if (summary) summary.parentNode.dataset.folded = "";
  });
  // What is changed after it was sent is something new.
  addEventListener("input", function (event) {
    var form = event.target.form;
    if (form && !form.hasAttribute("aria-busy")) delete form.dataset.key;
  });
  addEventListener("pointerdown", function (event) {
    isByKey = false;
    if (last && !last.contains(event.target)) last = null;
  }, true);
  addEventListener("keydown", function (event) {
    var isField = event.target.matches(FIELD), pressed = event.target.closest("button, summary, a, input");
    var isDeaf = Date.now() < deafUntil && !isField && event.key.length === 1 && !event.ctrlKey && !event.metaKey;
    isByKey = true;
    if (event.key === "Escape") last = null;
    if (isDeaf) deafUntil = Date.now() + 1000, event.stopImmediatePropagation();
    // A key that is held down answers once.
    if (isDeaf || (event.repeat && pressed && !isField && /^(Enter| )$/.test(event.key))) event.preventDefault();
  }, true);
})();
