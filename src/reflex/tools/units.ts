/** Units of measurement and currencies: what a number in a text is of, and what a parameter wants. */

export type Dimension =
  | 'length'
  | 'area'
  | 'volume'
  | 'mass'
  | 'time'
  | 'speed'
  | 'acceleration'
  | 'temperature'
  | 'angle'
  | 'energy'
  | 'power'
  | 'pressure'
  | 'voltage'
  | 'current'
  | 'resistance'
  | 'frequency'
  | 'data'
  | 'money'
  | 'percent'
  | 'other';

export interface Unit {
  name: string;
  dimension: Dimension;
  /** Base units (metre, square metre, litre, kilogram, second, metre per second) in one of it; 0 where no factor converts it. */
  factor: number;
}

/** dimension: `name factor alias alias …`, one unit between two semicolons; `_` is a space. */
const TABLE: Record<string, string> = {
  length:
    'meter 1 m metre 米; kilometer 1000 km kilometre 公里 千米; centimeter 0.01 cm centimetre 厘米 公分; millimeter 0.001 mm millimetre 毫米; micrometer 0.000001 μm micron; nanometer 0.000000001 nm; mile 1609.344 mi 英里; yard 0.9144 yd 码; foot 0.3048 feet ft 英尺; inch 0.0254 inche 英寸 寸; light_year 9460730472580800 lightyear; nautical_mile 1852 海里',
  area: 'square_meter 1 m² m^2 m2 sqm square_metre 平方米 平米 平方; square_kilometer 1000000 km² square_kilometre 平方公里; square_foot 0.09290304 square_feet sq_ft sqft ft²; square_mile 2589988.11; acre 4046.8564224 英亩; hectare 10000 ha 公顷; square_centimeter 0.0001 cm² cm^2; square_inch 0.00064516; square_yard 0.83612736',
  volume:
    'liter 1 l litre 升; milliliter 0.001 ml millilitre 毫升; cubic_meter 1000 m³ m^3 m3 cubic_metre 立方米; cubic_centimeter 0.001 cm³ cc; gallon 3.785411784 gal 加仑; cup 0.2365882365; tablespoon 0.01478676478125 tbsp; teaspoon 0.00492892159375 tsp; pint 0.473176473; quart 0.946352946; cubic_foot 28.316846592 cubic_feet',
  mass: 'kilogram 1 kg kilo 公斤 千克; jin 0.5 斤; gram 0.001 g 克; milligram 0.000001 mg 毫克; pound 0.45359237 lb lbs 磅; ounce 0.028349523125 oz 盎司; ton 1000 tonne 吨; stone 6.35029318',
  time: 'second 1 s sec 秒 秒钟; millisecond 0.001 ms 毫秒; minute 60 min 分钟; hour 3600 h hr 小时 钟头 个小时 个钟头; day 86400 天; week 604800 周 星期 礼拜 个星期; month 0 个月 月; year 31557600 yr 年; decade 0; night 86400 晚 夜; century 0',
  speed:
    'meter_per_second 1 m/s mps metre_per_second; kilometer_per_hour 0.2777777777777778 km/h kmh kph kilometre_per_hour 公里每小时; mile_per_hour 0.44704 mph; knot 0.5144444444444445; foot_per_second 0.3048 ft/s feet_per_second',
  acceleration: 'meter_per_second_squared 1 m/s^2 m/s² metre_per_second_squared',
  temperature:
    'celsius 0 °c c ℃ degree_celsius 摄氏度 摄氏; fahrenheit 0 °f f degree_fahrenheit 华氏度 华氏; kelvin 0 k',
  angle: 'degree 1 ° 度; radian 57.29577951308232 rad',
  energy:
    'joule 1 j; kilojoule 1000 kj; calorie 4.184 cal 卡; kilocalorie 4184 kcal 千卡 大卡; kilowatt_hour 3600000 kwh',
  power: 'watt 1 w 瓦; kilowatt 1000 kw 千瓦; horsepower 745.7 hp; megawatt 1000000 mw',
  pressure: 'pascal 1 pa; kilopascal 1000 kpa; atmosphere 101325 atm; bar 100000; psi 6894.76; mmhg 133.322',
  voltage: 'volt 1 v 伏; millivolt 0.001 mv; kilovolt 1000 kv',
  current: 'ampere 1 a amp; milliampere 0.001 ma',
  resistance: 'ohm 1 ω; kiloohm 1000 kω',
  frequency: 'hertz 1 hz; kilohertz 1000 khz; megahertz 1000000 mhz; gigahertz 1000000000 ghz',
  data: 'byte 1 b; kilobyte 1000 kb; megabyte 1000000 mb 兆; gigabyte 1000000000 gb; terabyte 1000000000000 tb',
  other:
    'newton 1 n; kilonewton 1000 kn; newton_meter 1 nm; mole 1 mol; molar 1; ppm 1; lux 1; tesla 1 t; coulomb 1; farad 1 f; henry 1; decibel 1 db; pixel 1 px; bpm 1',
};

const units = new Map<string, Unit>();
for (const [dimension, line] of Object.entries(TABLE)) {
  for (const entry of line.split(';')) {
    const [name, factor, ...aliases] = entry.trim().split(' ');
    const unit: Unit = { name: name!.replaceAll('_', ' '), dimension: dimension as Dimension, factor: Number(factor) };
    for (const alias of [name!, ...aliases]) {
      const word = alias.replaceAll('_', ' ');
      for (const form of [word, `${word}s`, word.replace(' per ', 's per ')])
        if (!units.has(form)) units.set(form, unit);
    }
  }
}

/** The unit that a folded word or phrase names: "km", "square feet", "m/s". */
export function unitOf(word: string): Unit | undefined {
  return units.get(word);
}

/** Whether a word alone surely is a unit: "m", "a" or "second" may be other things. */
export function isLongUnit(word: string): boolean {
  return word.length > 3 && units.has(word);
}

/** Code → names. */
const CURRENCIES: Record<string, string> = {
  USD: 'usd dollar dollars buck bucks $ 美元 美金 刀',
  EUR: 'eur euro euros € 欧元',
  GBP: 'gbp pound pounds sterling £ 英镑',
  JPY: 'jpy yen ¥ 日元 日圆',
  CNY: 'cny yuan rmb renminbi 元 块 块钱 人民币',
  INR: 'inr rupee rupees ₹ 卢比',
  KRW: 'krw won ₩ 韩元 韩币',
  CHF: 'chf franc francs 瑞士法郎',
  CAD: 'cad 加元 加币',
  AUD: 'aud 澳元 澳币',
  MXN: 'mxn peso pesos',
  BRL: 'brl real reais',
  RUB: 'rub ruble rubles rouble roubles 卢布',
  SEK: 'sek krona kronor',
  TRY: 'try lira',
  ZAR: 'zar rand',
  THB: 'thb baht 泰铢',
  SGD: 'sgd 新元 新加坡元',
  HKD: 'hkd 港币 港元',
  NZD: 'nzd',
  PLN: 'pln zloty',
  BTC: 'btc bitcoin 比特币',
};
const NATIONS: Record<string, string> = {
  'us dollar': 'USD',
  'american dollar': 'USD',
  'canadian dollar': 'CAD',
  'australian dollar': 'AUD',
  'singapore dollar': 'SGD',
  'hong kong dollar': 'HKD',
  'new zealand dollar': 'NZD',
  'british pound': 'GBP',
  'pound sterling': 'GBP',
  'japanese yen': 'JPY',
  'chinese yuan': 'CNY',
  'indian rupee': 'INR',
  'swiss franc': 'CHF',
  'mexican peso': 'MXN',
  'korean won': 'KRW',
};
const currencies = new Map<string, string>();
for (const [code, names] of Object.entries(CURRENCIES)) for (const name of names.split(' ')) currencies.set(name, code);

/** ISO 4217 code of a folded currency name, sign or code. */
export function currencyOf(words: string): string | undefined {
  return NATIONS[words.replace(/s$/, '')] ?? currencies.get(words);
}

/** Nouns that measure: a parameter of this name wants a number of this dimension. */
const MEASURES: Record<string, Dimension> = {
  weight: 'mass',
  mass: 'mass',
  height: 'length',
  width: 'length',
  length: 'length',
  distance: 'length',
  radius: 'length',
  diameter: 'length',
  depth: 'length',
  altitude: 'length',
  wavelength: 'length',
  side: 'length',
  base: 'length',
  area: 'area',
  volume: 'volume',
  time: 'time',
  duration: 'time',
  period: 'time',
  term: 'time',
  year: 'time',
  month: 'time',
  day: 'time',
  night: 'time',
  week: 'time',
  hour: 'time',
  minute: 'time',
  second: 'time',
  age: 'time',
  speed: 'speed',
  velocity: 'speed',
  acceleration: 'acceleration',
  temperature: 'temperature',
  angle: 'angle',
  latitude: 'angle',
  longitude: 'angle',
  energy: 'energy',
  power: 'power',
  pressure: 'pressure',
  voltage: 'voltage',
  current: 'current',
  resistance: 'resistance',
  frequency: 'frequency',
  price: 'money',
  cost: 'money',
  budget: 'money',
  salary: 'money',
  income: 'money',
  principal: 'money',
  payment: 'money',
  deposit: 'money',
  investment: 'money',
  loan: 'money',
  fee: 'money',
  bill: 'money',
  revenue: 'money',
  profit: 'money',
  balance: 'money',
  cash: 'money',
  rent: 'money',
  fare: 'money',
  wage: 'money',
  gain: 'money',
  percentage: 'percent',
  percent: 'percent',
  rate: 'percent',
  discount: 'percent',
  tip: 'percent',
  confidence: 'percent',
  yield: 'percent',
  probability: 'percent',
  growth: 'percent',
  interest: 'percent',
  brightness: 'percent',
  battery: 'percent',
};

export function measureOf(word: string): Dimension | undefined {
  return Object.hasOwn(MEASURES, word) ? MEASURES[word] : undefined;
}

/** A value in another unit; undefined where the two can't be converted by a factor. */
export function convertUnit(value: number, from: Unit, to: Unit): number | undefined {
  if (from.name === to.name) return value;
  if (from.dimension !== to.dimension || from.factor === 0 || to.factor === 0) return undefined;
  return Number(((value * from.factor) / to.factor).toPrecision(12));
}
