import { expect, test } from 'vitest'
import { warningHeaders } from '../server/respond.ts'
import { warningTexts } from './warning-texts.ts'

test('texts of warnings are read as they were meant', () => {
  const latin1 = (text: string) => Buffer.from(text).toString('latin1'), texts = [String.raw`a "b" c\d`, 'é, 2', '']
  expect(warningTexts([['content-type', 'x'], ...warningHeaders(texts)])).toEqual(texts)
  expect(warningTexts([['warning', `299 - "${latin1('é, 2')}", 299 - "two"`]])).toEqual(['é, 2', 'two'])
})
