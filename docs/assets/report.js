/* The filter above the report's matrix. Without JavaScript the whole matrix is shown. */
(() => {
  const filter = document.querySelector("[data-filter]")
  if (!filter) return

  const show = (status) => {
    for (const row of document.querySelectorAll(".lc-matrix tr[data-status]")) {
      row.hidden = status !== "" && row.dataset.status !== status
    }
    for (const group of document.querySelectorAll(".lc-matrix tbody")) {
      group.hidden = !group.querySelector("tr[data-status]:not([hidden])")
    }
    for (const button of filter.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === status))
    }
  }

  for (const each of document.querySelectorAll("[data-show]")) {
    each.addEventListener("click", () => show(each.dataset.show))
  }
  filter.hidden = false
})()
