/** Names as far as patterns and a few hundred common ones go: people, organisations, places, addresses. */
import type { Mention } from './entities.ts';

const SURNAMES =
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤';
const DOUBLE = '欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒';
const TITLE_ZH =
  '先生|女士|小姐|老师|经理|总监|主任|医生|大夫|师傅|教授|律师|同学|总|阿姨|叔叔|院长|局长|校长|董事长|工程师|主管|店长|博士';
const LEAD_ZH =
  '我叫|我是|名叫|叫做|姓名|名字是|名字叫|联系人|收件人|寄件人|收货人|客户|患者|作者|记者|负责人|申请人|经办人|员工|乘客|旅客|住客|签名|署名|此致|经理|主任|总监|导演|主演|医生';
const NAME_ZH = `(?:${DOUBLE}|[${SURNAMES}])`;
const PEOPLE_ZH = [
  new RegExp(
    `(?:${LEAD_ZH})(?:是|为|叫)?[：:\\s]*(${NAME_ZH}\\p{Script=Han}{1,2})(?=$|[^\\p{Script=Han}]|${TITLE_ZH}|的|在|说|是|和|于|将|已|从|想|要|今|昨|明|反|表|电)`,
    'gu',
  ),
  new RegExp(
    `(?<!\\p{Script=Han}[市省县]|[担责现兼就主])(${NAME_ZH}\\p{Script=Han}{0,2}?)(?:${TITLE_ZH})(?!\\p{Script=Han}{0,1}(?:价|数|额|部|结))`,
    'gu',
  ),
  new RegExp(
    `(?:^|[，。、；：\\s（(“])(${NAME_ZH}\\p{Script=Han}{1,2})(?=[，。、；：\\s）)”]|说|表示|认为|指出|负责|预订|预定|订了|购买|买了|电话|手机|$)`,
    'gmu',
  ),
];
/** Words that look like a surname and a given name and are none. */
const NOT_PEOPLE =
  /^(?:高兴|高速|高铁|高度|高级|白色|金额|金属|金融|任务|任何|方便|方法|方式|方面|方向|万一|石油|江苏|江西|龙头|马上|马路|何时|许多|常常|周一|周二|周三|周四|周五|周六|周日|周末|周边|周期|程序|程度|成功|向上|汤面|孔雀|钱包|毛病|毛巾|顾客|史上|雷达|田园|林业|余额|余下|叶子|夏天|夏季|秦岭|黄色|黄金|水平|白天|白酒|江湖|陆续|陆地|付款|付费|严重|严格|武汉|唐山|郑州|徐州|苏州|贺卡|莫名|段落|于是|任意|任期|何况|温度|时候|龙虾|马桶|石头|高端|高温|高峰|高清|高中|高考|万元|万人|白菜|白班|杜绝|范围|曾经|谢谢|谢意|向您|向我|向他|张数|金牌|汪汪|戴着|丁香|夏装|简单|应该|支付)/;

const OFFICE = /(?:产品|项目|销售|技术|财务|市场|运营|人事|行政)$/;

const GIVEN = new Set(
  `james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary nicholas eric jonathan
  stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry tyler aaron jose adam nathan henry douglas peter zachary kyle walter ethan jeremy harold carl keith roger arthur oscar oliver leo max felix
  mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon laura cynthia kathleen amy angela shirley anna ann
  anne brenda pamela emma nicole helen samantha katherine christine debra rachel carolyn janet catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren christina joan evelyn judith megan andrea cheryl hannah jacqueline martha
  gloria teresa ann sara madison frances kathryn janice jean abigail alice julia judy sophia grace denise amber doris marilyn danielle beverly isabella theresa diana natalie brittany charlotte marie kayla alexis lori tom tim bob bill jim joe mike dave
  dan chris nick steve matt ben sam alex kate jane lucy mia zoe ella chloe sofia elena marta carlos luis juan pedro miguel diego antonio marco luca giulia hans klaus peter anja lars sven ingrid olga ivan dmitri natasha yuki hiroshi kenji ahmed mohamed
  mohammed ali omar fatima aisha priya raj ravi anil sunita wei li ming mei jun xiao yan ling hua nadia leila noor chen wang`.split(
    /\s+/,
  ),
);
const NOT_NAMES =
  /^(?:The|A|An|I|We|You|He|She|It|They|My|Our|Your|This|That|These|Those|There|Here|Please|Thanks|Thank|Hello|Hi|Hey|Dear|Best|Kind|Regards|Sincerely|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|September|October|November|December|On|In|At|To|From|For|By|With|And|But|Or|If|When|Order|Invoice|Ticket|Phone|Email|Name|Address|Date|Total|Amount|Price|New|No|Yes|Not|Is|Are|Was|Were|Can|Could|Will|Would|Do|Does|Did|How|What|Why|Where|Who|Customer|Subject|Re|Fwd)$/;
const WORD = "\\p{Lu}[\\p{Ll}'’-]{1,20}(?:\\p{Lu}\\p{Ll}{1,15})?";
const PEOPLE_EN = [
  new RegExp(`\\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Madam)\\.?\\s+(${WORD}(?:\\s+${WORD}){0,2})`, 'gu'),
  new RegExp(
    `(?:\\b[Mm]y name is|\\b[Nn]ame\\s*[:：]|\\b[Nn]amed|\\bI am|\\bI['’]m|\\b[Tt]his is|\\b[Cc]ontact\\s*:?|\\b[Aa]ttn\\.?:?|\\b[Ss]igned,?|\\b[Rr]egards,|\\b[Ss]incerely,|\\b[Tt]hanks,|\\b[Cc]heers,)\\s+(${WORD}(?:\\s+(?:${WORD}|\\p{Lu}\\.)){0,2})`,
    'gu',
  ),
  new RegExp(`(?<![\\p{L}])(${WORD}\\s+(?:\\p{Lu}\\.\\s+)?${WORD})(?![\\p{L}])`, 'gu'),
  new RegExp(`(?<![\\p{L}])(${WORD})(?![\\p{L}]|\\s+\\p{Lu}|\\s*[:：]|\\s+to\\b)`, 'gu'),
  new RegExp(
    `(?<![\\p{L}])(${WORD}\\s+${WORD}),?\\s+(?:said|says|joined|joins|works|worked|lives|told|wrote|writes|asked|called|complained|bought|ordered|was born|who|will|has been|is an?|wants|needs)\\b`,
    'gu',
  ),
];
const ORG_END =
  'Inc|Ltd|LLC|Corp|Corporation|Company|Co|Bank|University|College|Hospital|Group|GmbH|Hotel|Airlines|Airways|Institute|Foundation|Association|Agency|Ministry|Department|Council|Labs|Technologies|Systems|Motors|Electronics|Energy|Insurance|Restaurant|Store|Museum|School|Clinic|Studios|Media|Partners|Holdings|Industries';
const ORGS = [
  new RegExp(
    `(?:^|[.!?]\\s+|\\n)(${WORD}(?:\\s+${WORD}){0,2})\\s+(?:reported|reports|announced|announces|unveiled|launched|acquired|shares|plans to|agreed to|has agreed)\\b`,
    'gu',
  ),
  new RegExp(
    `(?<![\\p{L}])((?:${WORD}|\\p{Lu}{2,8}|&|of)(?:\\s+(?:${WORD}|\\p{Lu}{2,8}|&|of)){0,4}\\s+(?:${ORG_END}))\\b\\.?`,
    'gu',
  ),
  new RegExp(
    `\\b(?:works? (?:at|for)|employed (?:at|by)|joined|acquired(?: by)?|CEO of|founder of|on behalf of)\\s+((?:${WORD}|\\p{Lu}{2,8})(?:\\s+(?:${WORD}|\\p{Lu}{2,8})){0,3})`,
    'gu',
  ),
  /((?:(?![在与和由向到从于把被是的了，。、；：\s])\p{Script=Han}){2,14}(?:公司|集团|银行|大学|医院|酒店|学院|研究院|研究所|委员会|基金会|协会|出版社|俱乐部|事务所|法院|机场|保险|证券|电器|科技|超市|餐厅|饭店|学校|中学|小学|幼儿园))/gu,
];

const ORG_LAST = new RegExp(`\\b(?:${ORG_END})$`);

const PLACES_EN =
  `London Paris Berlin Madrid Rome Vienna Prague Warsaw Lisbon Dublin Amsterdam Brussels Zurich Geneva Munich Hamburg Frankfurt Cologne Barcelona Valencia Seville Milan Venice Florence Naples Athens Istanbul Moscow Kyiv Stockholm Oslo Copenhagen Helsinki
  Budapest Bucharest Sofia Belgrade Zagreb Edinburgh Manchester Birmingham Liverpool Glasgow Tokyo Osaka Kyoto Seoul Busan Beijing Shanghai Shenzhen Guangzhou Chengdu Hangzhou Nanjing Wuhan Chongqing Tianjin Suzhou Xiamen Taipei Singapore Bangkok Jakarta
  Manila Hanoi Mumbai Delhi Bangalore Chennai Kolkata Karachi Dubai Doha Riyadh Cairo Lagos Nairobi Johannesburg Casablanca Sydney Melbourne Brisbane Perth Auckland Wellington Toronto Vancouver Montreal Ottawa Chicago Boston Seattle Houston Dallas Austin
  Denver Miami Atlanta Phoenix Philadelphia Detroit Portland Washington Orlando Honolulu Lima Bogota Santiago Caracas Havana China Japan Korea India France Germany Spain Italy Portugal Greece Turkey Russia Ukraine Poland Sweden Norway Denmark Finland
  Austria Switzerland Belgium Netherlands Ireland England Scotland Wales Britain America Canada Mexico Brazil Argentina Chile Peru Colombia Australia Thailand Vietnam Indonesia Malaysia Philippines Egypt Morocco Nigeria Kenya Israel Iran Iraq Europe Asia
  Africa California Texas Florida`.split(/\s+/);
const PLACES_TWO =
  /\b(?:New York|Los Angeles|San Francisco|San Diego|San Jose|Las Vegas|Hong Kong|Kuala Lumpur|Ho Chi Minh City|New Delhi|Tel Aviv|Abu Dhabi|Cape Town|Buenos Aires|Rio de Janeiro|Sao Paulo|São Paulo|Mexico City|New Zealand|South Korea|South Africa|Saudi Arabia|United States|United Kingdom|New Orleans|Salt Lake City|Saint Petersburg|St\. Petersburg|Costa Rica|Sri Lanka)\b/g;
const PLACE_EN = new RegExp(`\\b(?:${PLACES_EN.join('|')})\\b`, 'g');
const PLACE_LED = new RegExp(
  `\\b(?:in|to|from|near|around|visit|visiting|via|towards|leaving)\\s+(${WORD}(?:\\s+${WORD}){0,2})(?![\\p{L}])`,
  'gu',
);
const PLACE_ZH =
  /(?:北京|上海|天津|重庆|广州|深圳|成都|杭州|南京|武汉|西安|苏州|郑州|长沙|沈阳|青岛|宁波|东莞|无锡|佛山|合肥|大连|福州|厦门|哈尔滨|济南|温州|南宁|长春|泉州|石家庄|贵阳|南昌|金华|常州|南通|嘉兴|太原|徐州|惠州|珠海|中山|台州|烟台|兰州|绍兴|海口|扬州|三亚|昆明|丽江|大理|桂林|拉萨|银川|西宁|乌鲁木齐|呼和浩特|香港|澳门|台北|高雄|洛阳|开封|唐山|保定|汕头|湛江|柳州|威海|日照|黄山|张家界|东京|大阪|首尔|曼谷|新加坡|纽约|洛杉矶|旧金山|伦敦|巴黎|柏林|罗马|悉尼|多伦多|莫斯科|迪拜|中国|美国|英国|法国|德国|日本|韩国|俄罗斯|加拿大|澳大利亚|意大利|西班牙|泰国|越南|印度|巴西|广东|广西|江苏|浙江|福建|湖南|湖北|河南|河北|山东|山西|陕西|四川|云南|贵州|安徽|江西|辽宁|吉林|黑龙江|海南|甘肃|青海|宁夏|新疆|西藏|内蒙古|台湾)(?:省|市)?/g;
const ADDRESS = [
  /(?:(?:\p{Script=Han}{2,8}?(?:省|自治区))?\p{Script=Han}{2,6}?市)?(?:\p{Script=Han}{1,6}?[区县镇])?\p{Script=Han}{1,10}?(?:路|街|大道|巷|弄|胡同)(?:\d{1,5}|[一二三四五六七八九十百]{1,5})(?:号|弄)(?:\p{Script=Han}{0,8}?\d{0,4}(?:栋|幢|座|单元|楼|层|室|号楼)){0,4}(?:\d{1,5}室?)?/gu,
  /\b\d{1,5}[A-Za-z]?\s+(?:\p{Lu}[\p{L}'.-]*\s+){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Square|Sq|Place|Pl|Way|Terrace|Parkway|Highway)\b\.?(?:,?\s*(?:Apt|Suite|Unit|Floor|Room)\.?\s*#?\w{1,6})?(?:,\s*\p{Lu}[\p{L} .'-]{1,30}){0,3}(?:,?\s+\d{5}(?:-\d{4})?)?/gu,
];

function collect(
  text: string,
  kind: Mention['kind'],
  patterns: readonly RegExp[],
  keep: (value: string, index: number) => number,
): Mention[] {
  const out: Mention[] = [];
  patterns.forEach((pattern, index) => {
    for (const match of text.matchAll(pattern)) {
      const value = (match[1] ?? match[0]).replace(/[.,]$/, '');
      const confidence = keep(value, index);
      if (confidence <= 0) continue;
      const start = match.index + match[0].indexOf(value);
      out.push({ kind, value, start, end: start + value.length, confidence });
    }
  });
  return out;
}

export function peopleIn(text: string): Mention[] {
  const chinese = collect(text, 'person', PEOPLE_ZH, (value, index) =>
    NOT_PEOPLE.test(value) || OFFICE.test(value) ? 0 : index === 2 ? 0.6 : 0.85,
  );
  const english = collect(text, 'person', PEOPLE_EN, (value, index) => {
    const parts = value.split(/\s+/);
    if (parts.some((part) => NOT_NAMES.test(part))) return 0;
    if (index === 0) return 0.95;
    const given = GIVEN.has(parts[0]!.toLowerCase());
    if (index === 1) return given ? 0.95 : 0.75;
    if (index === 2) return given ? 0.9 : 0;
    if (index === 4) return isPlainWord(value) || ORG_LAST.test(value) ? 0 : 0.65;
    return given ? 0.6 : 0;
  });
  return [...chinese, ...english];
}

export function organisationsIn(text: string): Mention[] {
  return collect(text, 'organisation', ORGS, (value) => (isPlainWord(value) ? 0 : 0.8));
}

/** A sentence's first word, or a person's name. */
function isPlainWord(value: string): boolean {
  const first = value.split(/\s/)[0]!;
  return NOT_NAMES.test(first) || (GIVEN.has(first.toLowerCase()) && value.split(/\s/).length < 3);
}

export function placesIn(text: string): Mention[] {
  return [
    ...collect(text, 'place', [PLACES_TWO, PLACE_EN, PLACE_ZH], () => 0.85),
    ...collect(text, 'place', [PLACE_LED], (value) =>
      value.split(/\s+/).some((part) => NOT_NAMES.test(part)) || GIVEN.has(value.split(/\s+/)[0]!.toLowerCase())
        ? 0
        : 0.5,
    ),
  ];
}

/** 地址是 in front of an address is no part of it. */
const ADDRESS_LEAD = /^.{0,6}?(?:地址|住址|送到|寄到|住在|位于|家住|发到|送至|寄往)(?:是|为|在)?|^(?:在|到|去|从)/;

export function addressesIn(text: string): Mention[] {
  return collect(text, 'address', ADDRESS, () => 0.9).map((one) => {
    const lead = ADDRESS_LEAD.exec(one.value)?.[0].length ?? 0;
    return { ...one, value: one.value.slice(lead), start: one.start + lead };
  });
}
