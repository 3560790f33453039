/** Small strokes on a canvas, and the memory of what was painted where, for the pointer. */

/** The colours of the page, as the style sheet has them for a light or a dark screen. */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const names =
    'ink paper faint line soft granted refused denied reclaim unknown other belief believed-again lock reclaimed grace barrier fault outage life swap record news told cursor'.split(
      ' ',
    );
  const clients = Array.from({ length: 8 }, (_, k) => colour(`client-${k}`));
  return {
    ...Object.fromEntries(names.map((name) => [name, colour(name)])),
    clients,
    font: style.fontFamily,
  };
}

/** A canvas of that size in the screen's own pixels, cleared, measured in CSS pixels. */
export function prepared(canvas, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/** What the pointer finds: rectangles with words, the last painted first. */
export class Hits {
  #hits = [];

  clear() {
    this.#hits = [];
  }

  /** @param words called with the place of the pointer when it is there */
  add(x, y, width, height, words) {
    // A mark of one pixel could not be pointed at.
    const slack = width < 6 ? (6 - width) / 2 : 0;
    this.#hits.push({ x: x - slack, y, width: width + 2 * slack, height, words });
  }

  at(x, y) {
    const hit = this.#hits.findLast(
      (each) => x >= each.x && x <= each.x + each.width && y >= each.y && y <= each.y + each.height,
    );
    return hit === undefined ? null : hit.words(x, y);
  }
}

export function bar(pen, colour, x, y, width, height, radius = 2) {
  pen.fillStyle = colour;
  if (width < 4 || radius === 0) return pen.fillRect(x, y, Math.max(1, width), height);
  pen.beginPath();
  pen.roundRect(x, y, width, height, radius);
  pen.fill();
}

/** Text that ends where its room ends, or is left out where there is no room for a word. */
export function label(pen, colour, text, x, y, room) {
  if (room < 18) return;
  pen.fillStyle = colour;
  let shown = text;
  if (pen.measureText(shown).width > room) {
    let length = Math.min(text.length, Math.floor(room / 5));
    while (length > 2 && pen.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
    if (length <= 2) return;
    shown = `${text.slice(0, length)}…`;
  }
  pen.fillText(shown, x, y);
}

export function rule(pen, colour, x1, y1, x2, y2, width = 1, dash = []) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.setLineDash([]);
}

export function diamond(pen, colour, x, y, size) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.lineTo(x - size, y);
  pen.fill();
}

export function dot(pen, colour, x, y, radius) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/** Slanted lines: what was believed in and not proven, and what a fault took out. */
export function hatched(pen, colour, x, y, width, height) {
  if (width < 3) return;
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = Math.floor((x - height) / 6) * 6; at < x + width; at += 6) {
    pen.moveTo(at, y + height);
    pen.lineTo(at + height, y);
  }
  pen.stroke();
  pen.restore();
}
