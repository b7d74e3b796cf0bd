import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { Json, JsonObject, Prediction, Schema } from '../types.ts';
import { type FillInput, fillFromText } from './respond.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const NOW = Date.parse('2026-11-24T12:00:00Z');

const STRING = { type: 'string' };
const MAYBE = { type: ['string', 'null'] };
const MAYBE_NUMBER = { type: ['number', 'null'] };
const oneOf = (...options: string[]) => ({ type: 'string', enum: options });
const listOf = (items: JsonObject) => ({ type: 'array', items });
const object = (properties: JsonObject) => ({ type: 'object', properties, required: Object.keys(properties) });

function fill(text: string, properties: JsonObject, more: Partial<FillInput> = {}): JsonObject {
  const schema = object(properties);
  const filled = fillFromText(schema, { text, now_ms: NOW, notice: 'a notice', ...more });
  assert.ok(filled, 'something fits');
  assert.ok(ajv.compile(schema)(filled.value), JSON.stringify(filled.value));
  return filled.value as JsonObject;
}

describe('extraction', () => {
  it('reads typed fields of a letter, and null for what it does not say', () => {
    const text =
      'Hello, my name is Maria Lopez. Order #A-48213 with two desk lamps ($84.50) never came. Call +1 415-555-0136 or write to maria.lopez@example.org before December 3rd.';
    assert.deepEqual(
      fill(text, {
        customer_name: MAYBE,
        order_number: MAYBE,
        amount: MAYBE_NUMBER,
        currency: MAYBE,
        phone: MAYBE,
        email: MAYBE,
        deadline: MAYBE,
        company: MAYBE,
        version: MAYBE,
        age: MAYBE_NUMBER,
      }),
      {
        customer_name: 'Maria Lopez',
        order_number: 'A-48213',
        amount: 84.5,
        currency: 'USD',
        phone: '+1 415-555-0136',
        email: 'maria.lopez@example.org',
        deadline: '2026-12-03',
        company: null,
        version: null,
        age: null,
      },
    );
  });

  it('reads Chinese fields by Chinese names', () => {
    const text =
      '我是李建国，在你们店买的扫地机（订单号：JD20261118）充不进电，花了2999元。电话13812345678，地址是上海市浦东新区张杨路500号。';
    assert.deepEqual(
      fill(text, { 姓名: MAYBE, 订单号: MAYBE, 金额: MAYBE_NUMBER, 电话: MAYBE, 地址: MAYBE, 邮箱: MAYBE }),
      {
        姓名: '李建国',
        订单号: 'JD20261118',
        金额: 2999,
        电话: '13812345678',
        地址: '上海市浦东新区张杨路500号',
        邮箱: null,
      },
    );
  });

  it('tells two of a kind apart by the words before them', () => {
    const value = fill('I fly from Oslo to Lisbon on March 3 and return on March 10, budget 900 euros for two adults', {
      destination: STRING,
      origin: STRING,
      return_date: STRING,
      departure_date: STRING,
      budget: { type: 'number' },
      adults: { type: 'integer' },
    });
    assert.deepEqual(value, {
      destination: 'Lisbon',
      origin: 'Oslo',
      return_date: '2027-03-10',
      departure_date: '2027-03-03',
      budget: 900,
      adults: 2,
    });
  });

  it('makes one object of every mention', () => {
    const item = object({ name: STRING, quantity: { type: 'integer' }, price: MAYBE_NUMBER });
    assert.deepEqual(
      fill('Send 2 boxes of green tea at $12 each, 3 espresso cups at $8 and one kettle for $45.', {
        items: listOf(item),
      }),
      {
        items: [
          { name: 'green tea', quantity: 2, price: 12 },
          { name: 'espresso cups', quantity: 3, price: 8 },
          { name: 'kettle', quantity: 1, price: 45 },
        ],
      },
    );
    const person = object({ name: STRING, email: STRING });
    assert.deepEqual(
      fill('Tom Baker (tom@acme.example), Julia Stein (julia@acme.example)', { people: listOf(person) }),
      {
        people: [
          { name: 'Tom Baker', email: 'tom@acme.example' },
          { name: 'Julia Stein', email: 'julia@acme.example' },
        ],
      },
    );
  });

  it('tags names by kind', () => {
    const entity = object({ text: STRING, type: oneOf('PERSON', 'ORG', 'LOCATION') });
    assert.deepEqual(fill('Ada Quill joined Blue Sky Airlines in Vienna.', { entities: listOf(entity) }), {
      entities: [
        { text: 'Ada Quill', type: 'PERSON' },
        { text: 'Blue Sky Airlines', type: 'ORG' },
        { text: 'Vienna', type: 'LOCATION' },
      ],
    });
    assert.deepEqual(fill('张伟，男，28岁，担任产品经理', { 姓名: MAYBE, 年龄: MAYBE_NUMBER, 职位: MAYBE }), {
      姓名: '张伟',
      年龄: 28,
      职位: '产品经理',
    });
  });

  it('invents nothing where the text says nothing', () => {
    const value = fill('nothing of use in here', {
      email: MAYBE,
      phone: MAYBE,
      name: MAYBE,
      price: MAYBE_NUMBER,
      date: MAYBE,
      city: MAYBE,
      emails: listOf(STRING),
    });
    assert.deepEqual(Object.values(value), [null, null, null, null, null, null, []]);
    const silent = fillFromText(object({ email: MAYBE }), { text: 'nothing of use', now_ms: NOW, notice: '' })!;
    assert.equal(silent.confidence, 0);
    assert.equal(silent.evident, false);
  });

  it('reads the text and not the instructions around it', () => {
    for (const prompt of [
      'Extract the email. Do not use help@example.net.\n\nText: write to ann@example.org',
      'Extract the email address from the text between quotes (not help@example.net):\n"""\nwrite to ann@example.org\n"""',
      '提取下面文本中的邮箱：请联系 ann@example.org',
    ])
      assert.deepEqual(fill(prompt, { email: MAYBE }), { email: 'ann@example.org' }, prompt);
  });
});

describe('classification', () => {
  it('goes by what labels mean', () => {
    const team = oneOf('billing', 'shipping', 'technical', 'other');
    assert.equal(fill('You charged my credit card twice this month', { team }).team, 'billing');
    assert.equal(fill('The courier left my parcel in the rain', { team }).team, 'shipping');
    assert.equal(fill('The app crashes when I log in', { team }).team, 'technical');
    assert.equal(fill('zebra', { team }).team, 'other');
    assert.equal(
      fill('系统登录不上去，一直提示密码错误', { 类别: oneOf('账单', '技术支持', '物流') }).类别,
      '技术支持',
    );
  });

  it('takes the unmarked of two labels where nothing speaks for the other', () => {
    const label = oneOf('spam', 'ham');
    assert.equal(fill('Claim your free prize, click here now', { label }).label, 'spam');
    assert.equal(fill('Shall we have lunch on Sunday', { label }).label, 'ham');
  });

  it('goes by descriptions, in the schema, in the field and in the prompt', () => {
    const text = 'the badge printer is out of toner';
    const about = 'q1: salary and holidays; q2: printers, scanners and office machines';
    const described = {
      oneOf: [
        { const: 'q1', description: 'salary and holidays' },
        { const: 'q2', description: 'printers, scanners and office machines' },
      ],
    };
    assert.equal(fill(text, { queue: described }).queue, 'q2');
    assert.equal(fill(text, { queue: { ...oneOf('q1', 'q2'), description: about } }).queue, 'q2');
    assert.equal(fill(text, { queue: oneOf('q1', 'q2') }, { instructions: about.replace('; ', '\n') }).queue, 'q2');
  });

  it('goes by earlier examples', () => {
    const shots = [
      { text: 'the lift on the north side is stuck', value: { team: 'blue' } },
      { text: 'my pension statement has a wrong date', value: { team: 'red' } },
    ];
    assert.equal(
      fill('the lift on the south side is stuck again', { team: oneOf('red', 'blue') }, { shots }).team,
      'blue',
    );
    assert.equal(
      fill('there is a date missing on my pension statement', { team: oneOf('red', 'blue') }, { shots }).team,
      'red',
    );
  });

  it('goes by a trained model whose intents are the labels', () => {
    const prediction: Prediction = { intent: 'b', best: 'b', confidence: 0.9, outOfScope: 0, slots: [], ms: 0 };
    const model = { predict: () => prediction };
    assert.equal(fill('anything at all', { kind: oneOf('a', 'b') }, { model }).kind, 'b');
    const outside = { predict: () => ({ ...prediction, intent: 'oos', outOfScope: 0.9 }) };
    assert.equal(fill('anything at all', { kind: oneOf('a', 'b', 'other') }, { model: outside }).kind, 'other');
  });

  it('answers yes and no', () => {
    const field = { wants_refund: { type: 'boolean', description: 'Is the customer asking for a refund?' } };
    assert.equal(fill('Please refund my order', field).wants_refund, true);
    assert.equal(fill('I do not want a refund, only an apology', field).wants_refund, false);
    assert.equal(fill('Thank you for the quick delivery', field).wants_refund, false);
    assert.equal(fill('请尽快给我退款', { 是否要求退款: { type: 'boolean' } }).是否要求退款, true);
    assert.equal(
      fill('Servers are down, please help immediately!', { is_urgent: { type: 'boolean' } }).is_urgent,
      true,
    );
    assert.equal(fill('No rush, whenever you have time.', { is_urgent: { type: 'boolean' } }).is_urgent, false);
  });

  it('tells languages apart, by code and by name', () => {
    assert.equal(fill('今天下雨了', { language: STRING }).language, 'zh');
    assert.equal(fill('Ich möchte das nicht', { language: oneOf('English', 'German', 'French') }).language, 'German');
    assert.equal(fill('it rained today', { 语言: oneOf('中文', '英文') }).语言, '英文');
  });
});

describe('feelings by schema', () => {
  it('speaks in the labels and scales of the schema', () => {
    const text = 'The noodles were delicious, but the room was noisy.';
    assert.equal(fill(text, { sentiment: oneOf('positive', 'negative', 'mixed') }).sentiment, 'mixed');
    assert.equal(fill('太好吃了，下次还来', { 情感: oneOf('正面', '负面', '中性') }).情感, '正面');
    assert.equal(fill('客服态度恶劣，再也不买了', { 态度: oneOf('满意', '不满') }).态度, '不满');
    const scales: [JsonObject, (value: number) => boolean][] = [
      [{ type: 'integer', minimum: 1, maximum: 5 }, (value) => value >= 4],
      [{ type: 'number', minimum: 0, maximum: 100 }, (value) => value > 60],
    ];
    for (const [schema, fits] of scales)
      assert.ok(
        fits(fill('I love it, excellent quality', { rating: schema }).rating as number),
        JSON.stringify(schema),
      );
    assert.ok((fill('I hate it, awful', { sentiment_score: { type: 'number' } }).sentiment_score as number) < -0.3);
    assert.equal(fill('It got 2 out of 5 from me', { rating: { type: 'integer', minimum: 1, maximum: 5 } }).rating, 2);
    const moods = oneOf('calm', 'happy', 'anxious', 'angry', 'sad', 'tired');
    assert.equal(fill('我快累垮了，困死了', { mood: moods }).mood, 'tired');
    assert.equal(fill('吓死我了', { mood: moods }).mood, 'anxious');
    assert.equal(fill('set a timer for ten minutes', { mood: moods }).mood, 'calm');
  });

  it('judges each aspect on its own', () => {
    const aspect = object({ aspect: STRING, sentiment: oneOf('positive', 'negative') });
    assert.deepEqual(fill('The soup was delicious but the toilets were dirty.', { aspects: listOf(aspect) }), {
      aspects: [
        { aspect: 'soup', sentiment: 'positive' },
        { aspect: 'toilets', sentiment: 'negative' },
      ],
    });
  });
});

describe('passages by schema', () => {
  const article =
    'The city opened a new tram line on Monday. The tram line links the harbour with the university in twelve minutes. Shops near the harbour hope for more visitors. A second tram line will follow in two years. Some residents complain about the noise.';

  it('keeps to lengths and counts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 6 }), (maxLength, maxItems) => {
        const value = fill(article, {
          summary: { type: 'string', maxLength },
          keywords: { type: 'array', items: STRING, maxItems },
        });
        assert.ok([...(value.summary as string)].length <= maxLength);
        assert.ok((value.keywords as string[]).length <= maxItems);
        for (const phrase of value.keywords as string[]) assert.ok(article.includes(phrase), phrase);
      }),
      { numRuns: 40 },
    );
  });

  it('names what the text is about', () => {
    const value = fill(article, { keywords: listOf(STRING), questions: listOf(STRING) });
    assert.ok((value.keywords as string[]).includes('tram line'), JSON.stringify(value.keywords));
    assert.deepEqual(value.questions, []);
  });
});

describe('bounds', () => {
  const wide = object({
    sentiment: oneOf('positive', 'negative'),
    emails: listOf(STRING),
    amount: MAYBE_NUMBER,
    name: MAYBE,
    address: MAYBE,
    summary: STRING,
    keywords: listOf(STRING),
    people: listOf(object({ name: STRING, email: STRING })),
    is_urgent: { type: 'boolean' },
  });
  const check = ajv.compile(wide);

  it('gets through long and hostile texts', () => {
    for (const unit of ['a', '王', '1 ', 'Aa Bb ', '好', 'no ', '市', '"', '<text>', '\n', '😀', 'a: ', 'A1-', '[{'])
      assert.ok(
        check(fillFromText(wide, { text: unit.repeat(60_000 / unit.length), now_ms: NOW, notice: '' })!.value),
        JSON.stringify(unit),
      );
  });

  it('finds an address of a long text far behind its beginning', () => {
    const text = `${'word '.repeat(30_000)} ann@example.org`;
    assert.equal(fill(text, { email: MAYBE }).email, 'ann@example.org');
  });

  it('is the same every time and validates on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const input = { text, now_ms: NOW, notice: '' };
        const value = fillFromText(wide, input)!.value;
        assert.ok(check(value), JSON.stringify(value));
        assert.deepEqual(fillFromText(wide, input)!.value, value);
      }),
      { numRuns: 100 },
    );
  });

  it('follows references, also circular ones', () => {
    const schema: Schema = {
      $ref: '#/$defs/node',
      $defs: {
        node: object({ email: MAYBE, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }),
      },
    };
    const value = fillFromText(schema, { text: 'write to ann@example.org', now_ms: NOW, notice: '' })!.value as {
      email: Json;
    };
    assert.ok(ajv.compile(schema)(value));
    assert.equal(value.email, 'ann@example.org');
  });
});
