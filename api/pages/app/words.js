import { speaker } from './speaker.js';
import en from './text.en.json';

/** the languages of the app, each by its own name. */
export const languages = [['en', 'English'], ['hi', 'हिन्दी'], ['mr', 'मराठी']];

const { language, say, has, ...voice } = speaker(en, '/app/text.', languages); // of the service worker's store

/** speak changes the language; to English where the app does not speak another. @param {string} to */
export const speak = (to) => voice.speak(languages.some(([code]) => code === to) ? to : 'en');

/** known gives a sentence, or nothing where there is none: codes grow. @param {string} id */
export const known = (id) => (has(id) ? say(id) : '');

export { language, say };
