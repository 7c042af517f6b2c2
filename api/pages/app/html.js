import { h } from 'preact';
import htm from 'htm';

/** Markup as a tagged template: Preact without a compiler. */
export const html = htm.bind(h);
