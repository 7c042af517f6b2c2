import { speaker } from '../app/speaker.js';
import en from './text.en.json';

/** The languages of the desk, each by its own name. */
export const languages = [['en', 'English'], ['hi', 'हिन्दी']];

// The bundle puts the version of the words there, so that a browser keeps them for good.
const { language, speak, say, has } = speaker(en, '/desk/text.', languages, /** @type {any} */ (self).DESK_TEXT);

/** known gives a sentence, or the code itself as words: codes grow. @param {string} id @param {string} code */
export const known = (id, code) => (has(id) ? say(id) : code.replace(/[._]/g, ' '));

export { language, say, speak };
