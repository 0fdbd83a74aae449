import { afterAll } from '@jest/globals';
import { cloneTemplate } from './template.js';

const database = await cloneTemplate();
process.env['DATABASE_URL'] = database.url;

afterAll(() => database.drop());
