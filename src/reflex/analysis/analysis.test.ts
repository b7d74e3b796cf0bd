import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clausesOf, sentencesOf } from './clauses.ts';
import { EMOTIONS, emotionOf } from './emotion.ts';
import { mentionsOf } from './entities.ts';
import { keyPhrases } from './key-phrases.ts';
import { detectLanguage, languageCode } from './language.ts';
import { sentimentOf } from './sentiment.ts';
import { summarise } from './summary.ts';

describe('sentiment', () => {
  const cases: [string, 'positive' | 'negative' | 'neutral'][] = [
    ['The lamp is bright and well made', 'positive'],
    ['The lamp is not bright and not well made', 'negative'],
    ['Not bad, really', 'positive'],
    ['It never fails to cheer me up', 'positive'],
    ["I can't praise this team enough", 'positive'],
    ['Sooooo gooood', 'positive'],
    ['Great, another broken zip', 'negative'],
    ['the lamp stands on the desk', 'neutral'],
    ['made in a car factory', 'neutral'],
    ['菜不怎么好吃', 'negative'],
    ['一点都不好用', 'negative'],
    ['没有任何问题，很好用', 'positive'],
    ['有点贵', 'negative'],
    ['好贵啊', 'negative'],
    ['还会再来', 'positive'],
    ['等了两个小时才到', 'negative'],
    ['这也叫服务？', 'negative'],
    ['来一个小杯', 'neutral'],
    ['👍👍', 'positive'],
    ['💔', 'negative'],
    ['这个功能 very useful，点赞', 'positive'],
    ['', 'neutral'],
  ];
  for (const [text, polarity] of cases)
    it(`${text || '(empty)'}: ${polarity}`, () => assert.equal(sentimentOf(text).polarity, polarity));

  it('weighs what comes after "but", and says when both sides weigh', () => {
    const one = sentimentOf('The screen is great but the battery is awful');
    assert.equal(one.mixed, true);
    assert.ok(one.score < 0);
    assert.ok(sentimentOf('The battery is awful but the screen is great').score > one.score);
    assert.equal(sentimentOf('The screen is great').mixed, false);
  });

  it('grows with degree', () => {
    const scores = ['a bit annoying', 'annoying', 'extremely annoying'].map((text) => sentimentOf(text).score);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    assert.ok(sentimentOf('非常满意').score > sentimentOf('比较满意').score);
  });

  it('stays within its bounds on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { score, good, bad } = sentimentOf(text);
        assert.ok(score >= -1 && score <= 1 && good >= 0 && bad >= 0);
      }),
    );
  });
});

describe('emotion', () => {
  const cases: [string, string][] = [
    ["I'm freezing and worn out", 'tired'],
    ['This queue drives me crazy', 'anger'],
    ['I am scared of the dark road', 'fear'],
    ['I miss you so much, I am crying', 'sadness'],
    ['yay, we won', 'joy'],
    ['Eww, mouldy bread', 'disgust'],
    ['wow, I did not expect a party', 'surprise'],
    ['烦死了', 'anger'],
    ['吓死我了', 'fear'],
    ['困死了', 'tired'],
    ['太开心啦', 'joy'],
    ['心里好难受', 'sadness'],
    ['好恶心', 'disgust'],
    ['打开空调', 'neutral'],
    ['play the next song', 'neutral'],
  ];
  for (const [text, emotion] of cases) it(`${text}: ${emotion}`, () => assert.equal(emotionOf(text).emotion, emotion));

  it('gives shares that add up, and a strength only where something shows', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'I am very angry!!', 'so happy and so tired', '气死我了', 'turn left'),
        (text) => {
          const reading = emotionOf(text);
          const sum = EMOTIONS.reduce((total, one) => total + reading.scores[one], 0);
          assert.ok(Math.abs(sum - 1) < 0.01);
          assert.equal(reading.strength === 0, reading.emotion === 'neutral');
        },
      ),
    );
    assert.ok(emotionOf('I am extremely angry!!').strength > emotionOf('I am a bit angry').strength);
  });
});

describe('key phrases and summary', () => {
  const text =
    'The valley gets a new water tower. The water tower replaces two old pumps. Engineers tested the pumps for a decade. Nobody will miss the noise.';
  const chinese = '村里新建了一座水塔。水塔取代了两台旧水泵。工程师多年来一直检修水泵。村民说噪音终于没有了。';

  it('finds phrases that come back, with their places', () => {
    const found = keyPhrases(text, { max: 3 });
    assert.equal(found.length, 3);
    assert.ok(
      found.some((one) => one.phrase === 'water tower'),
      JSON.stringify(found),
    );
    for (const { phrase, start, end } of found) assert.equal(text.slice(start, end), phrase);
    assert.ok(keyPhrases(chinese, { max: 4 }).some((one) => one.phrase.includes('水塔')));
    assert.deepEqual(keyPhrases(''), []);
    assert.deepEqual(keyPhrases(text, { max: 0 }), []);
  });

  it('summarises with sentences of the text, in its order', () => {
    for (const source of [text, chinese]) {
      const own = sentencesOf(source).map((one) => one.text);
      const picked = sentencesOf(summarise(source, { sentences: 2 })).map((one) => one.text);
      assert.equal(picked.length, 2);
      assert.deepEqual(
        picked,
        own.filter((one) => picked.includes(one)),
      );
    }
    assert.equal(summarise('', {}), '');
    assert.equal(summarise(text, { chars: 0 }), '');
  });

  it('keeps to the length in characters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(text, chinese, 'word '.repeat(100), '😀'.repeat(50)),
        fc.nat(120),
        (source, chars) => {
          assert.ok([...summarise(source, { chars })].length <= chars);
        },
      ),
    );
  });

  it('says nothing twice', () => {
    const twice = 'The bridge is closed for repairs. The bridge is closed for repairs. Buses take another road.';
    assert.equal(summarise(twice, { sentences: 3 }).match(/bridge/g)!.length, 1);
  });
});

describe('pieces, languages, mentions', () => {
  it('cuts sentences and clauses at their true places', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '好', '.', '。', ' ', ',', '，', '\n', '1', '!') }),
        (text) => {
          for (const piece of [...sentencesOf(text), ...clausesOf(text)])
            assert.equal(text.slice(piece.start, piece.end), piece.text);
        },
      ),
    );
    assert.equal(sentencesOf('Dr. Fox paid 3.50 euros. He left.').length, 2);
  });

  it('tells languages', () => {
    const cases: [string, string][] = [
      ['where is the station', 'en'],
      ['où est la gare, je ne sais pas', 'fr'],
      ['wo ist der Bahnhof und wie komme ich hin', 'de'],
      ['車站在哪裡', 'zh'],
      ['駅はどこですか', 'ja'],
      ['역이 어디예요', 'ko'],
      ['где вокзал', 'ru'],
      ['123', 'und'],
    ];
    for (const [text, code] of cases) assert.equal(detectLanguage(text).code, code, text);
    assert.equal(languageCode('Simplified Chinese'), 'zh');
    assert.equal(languageCode('klingon'), undefined);
  });

  const mentions: [Parameters<typeof mentionsOf>[0], string, string[]][] = [
    ['email', 'to a.b@c.example, or d@e.example.', ['a.b@c.example', 'd@e.example']],
    ['url', 'see https://a.example/x?y=1, then www.b.example.', ['https://a.example/x?y=1', 'www.b.example']],
    ['phone', '13912345678 or +44 20-7946-0958', ['13912345678', '+44 20-7946-0958']],
    ['code', 'order no. 88-1234 and parcel SF100200', ['88-1234', 'SF100200']],
    ['version', 'v2.4.1 fixes version 2.3', ['2.4.1', '2.3']],
    ['money', 'from $1,200.50 to 3 million euros or 两百块', ['$1,200.50', '3 million euros', '两百块']],
    ['person', '王小明先生 met Dr. Ada Quill', ['王小明', 'Ada Quill']],
    ['organisation', '她在蓝天科技公司 works for Blue Sky Airlines', ['蓝天科技公司', 'Blue Sky Airlines']],
    ['place', 'from Vienna to 南京', ['Vienna', '南京']],
    ['address', '寄到杭州市西湖区文三路100号', ['杭州市西湖区文三路100号']],
    ['plate', '车牌是沪A12345', ['沪A12345']],
  ];
  for (const [kind, text, expected] of mentions) {
    it(`finds ${kind}`, () => {
      const found = mentionsOf(kind, text);
      assert.deepEqual(
        found.map((one) => one.value),
        expected,
      );
      for (const one of found) assert.equal(text.slice(one.start, one.end), one.value);
    });
  }
});
