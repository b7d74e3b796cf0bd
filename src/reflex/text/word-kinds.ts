/**
 * Kinds of things that words name, English and Chinese, for the slot tagger: a new name or place is easier to mark when its kind is known.
 * General knowledge only: words, no sentences, nothing of any one trade. Countries, languages, currencies and
 * the cities of time zones come from the runtime's own locale data.
 */
import { join } from './hash.ts';

/** A line is a kind, then its words; `_` stands for a space. */
const KINDS = `
given_name james john robert michael mike william will david richard joseph joe thomas tom charles charlie christopher chris daniel dan matthew matt anthony tony mark donald steven steve stephen paul andrew andy joshua josh kenneth ken kevin brian george timothy tim ronald edward ed jason jeff jeffrey ryan jacob jake gary nicholas nick eric jonathan larry justin scott brandon benjamin ben samuel sam gregory greg alexander alex patrick frank raymond ray jack dennis jerry tyler aaron jose henry harry adam douglas nathan peter pete zachary kyle walter ethan jeremy carl keith roger terry sean austin arthur lawrence jesse dylan bryan bruce jordan alan albert roy eugene oliver oscar lucas luke leo noah liam simon martin max victor mohammed ali ahmed raj carlos juan pablo pedro diego mary patricia jennifer jen linda elizabeth liz barbara susan sue jessica sarah sara karen lisa nancy betty margaret sandra ashley kimberly kim emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca becky sharon laura cynthia kathleen kathy amy angela shirley anna anne ann ruth brenda pamela nicole katherine kate katie samantha christine catherine virginia debra rachel carolyn janet emma maria heather diane julie joyce victoria kelly christina joan evelyn lauren judith olivia martha cheryl megan andrea hannah jacqueline julia grace alice jean sophia sophie rose clara lucy jane jenny lily mia zoe ella chloe nina eva tina monica wendy helen marie
relation mother mom mum mommy father dad daddy parents brother sister son daughter wife husband spouse partner uncle aunt cousin nephew niece grandma grandmother grandpa grandfather grandparents friend friends girlfriend boyfriend boss manager colleague coworker coworkers neighbor neighbour roommate family kids children baby assistant secretary teacher classmate 爸爸 妈妈 父亲 母亲 爷爷 奶奶 外公 外婆 哥哥 姐姐 弟弟 妹妹 老公 老婆 丈夫 妻子 儿子 女儿 叔叔 阿姨 舅舅 姑姑 表哥 表姐 表弟 表妹 朋友 同学 同事 老板 老师 领导 经理 客户 男朋友 女朋友 爱人 媳妇
profession doctor dentist lawyer plumber electrician nurse engineer president minister mayor actor actress singer writer author director king queen senator governor pope coach captain pilot chef hairdresser accountant vet 医生 护士 律师 总统 主席 总理 演员 歌手 导演 作家 诗人 教练 队长 校长
city london paris berlin rome madrid vienna moscow istanbul dubai mumbai delhi tokyo osaka seoul beijing shanghai hong_kong singapore sydney melbourne toronto vancouver montreal new_york los_angeles chicago houston dallas austin boston seattle denver atlanta miami phoenix philadelphia detroit las_vegas san_francisco san_diego san_jose san_antonio washington portland orlando baltimore cleveland nashville memphis new_orleans minneapolis pittsburgh cincinnati kansas_city salt_lake_city edinburgh glasgow manchester liverpool birmingham leeds bristol oxford cambridge dublin amsterdam brussels munich hamburg frankfurt zurich geneva milan venice florence naples barcelona lisbon athens prague budapest warsaw stockholm oslo copenhagen helsinki bangkok manila jakarta kuala_lumpur bangalore chennai kolkata hyderabad karachi cairo nairobi lagos cape_town johannesburg rio sao_paulo buenos_aires mexico_city lima bogota 北京 上海 天津 重庆 广州 深圳 珠海 东莞 佛山 惠州 中山 汕头 杭州 宁波 温州 绍兴 嘉兴 台州 金华 湖州 南京 苏州 无锡 常州 扬州 徐州 南通 镇江 盐城 连云港 合肥 芜湖 蚌埠 黄山 安庆 福州 厦门 泉州 漳州 南昌 九江 赣州 济南 青岛 烟台 威海 潍坊 淄博 临沂 济宁 泰安 郑州 洛阳 开封 南阳 安阳 新乡 武汉 宜昌 襄阳 荆州 长沙 株洲 湘潭 岳阳 衡阳 常德 张家界 成都 绵阳 宜宾 乐山 贵阳 遵义 昆明 大理 丽江 西安 咸阳 宝鸡 延安 兰州 西宁 银川 乌鲁木齐 拉萨 呼和浩特 包头 太原 大同 石家庄 保定 唐山 邯郸 秦皇岛 廊坊 沈阳 大连 鞍山 长春 吉林 哈尔滨 齐齐哈尔 大庆 南宁 桂林 柳州 北海 海口 三亚 香港 澳门 台北 高雄 东京 大阪 首尔 纽约 伦敦 巴黎 柏林 莫斯科 悉尼 曼谷 洛杉矶 芝加哥 旧金山
region california texas florida ohio georgia michigan virginia arizona tennessee indiana missouri maryland wisconsin colorado minnesota alabama oregon oklahoma nevada utah iowa kansas arkansas alaska hawaii illinois massachusetts pennsylvania new_jersey north_carolina south_carolina england scotland wales europe asia africa america usa uk 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆
place street road avenue lane park mall airport station hospital school university college library museum theater theatre cinema restaurant hotel church beach lake river mountain bridge office downtown home house gym store shop supermarket market bank post_office gas_station stadium square center centre tower zoo 路 街 道 巷 区 县 镇 村 广场 公园 机场 车站 火车站 火车 地铁站 医院 学校 大学 小学 中学 图书馆 博物馆 电影院 饭店 酒店 宾馆 超市 商场 银行 公司 大厦 小区 花园 中心 桥 山 湖 寺 公交站 高铁站 加油站 停车场 机关 政府
business starbucks mcdonalds mcdonald's walmart target costco amazon apple google microsoft facebook pizza_hut domino's dominos subway kfc burger_king taco_bell chipotle dunkin wendy's best_buy home_depot nike tesla ford toyota bmw honda disney netflix uber lyft ibm intel samsung sony 麦当劳 肯德基 星巴克 必胜客 海底捞 沃尔玛 家乐福 京东 淘宝 天猫 苹果 华为 小米 百度 腾讯 阿里 微软 谷歌
service facebook twitter instagram youtube spotify pandora netflix whatsapp snapchat linkedin skype gmail outlook reddit cnn bbc fox_news nbc abc cbs npr msnbc new_york_times washington_post guardian 微信 微博 支付宝 抖音 快手 优酷 爱奇艺 知乎 豆瓣 陌陌 美团 携程 高德 酷狗 网易云 喜马拉雅
post tweet status post message comment complaint photo picture video email mail text sms newsletter
business_type bar pub pubs club cafe coffee_shop diner bakery pharmacy salon barber spa bookstore grocery_store shopping_mall movie_theater nightclub dealership clinic daycare
food pizza burger hamburger cheeseburger sandwich sushi pasta spaghetti lasagna noodles rice chicken beef pork steak fish salmon tuna shrimp lobster turkey ham bacon sausage egg eggs soup salad bread toast butter cheese milk yogurt cake cookies cookie pie brownies brownie pancakes waffles donut donuts chocolate ice_cream cereal oatmeal fries chips taco tacos burrito curry chili stew tofu dumplings mexican chinese_food indian_food italian_food thai seafood lamb meatloaf quesadilla sugar flour salt pepper garlic onion potato potatoes tomato tomatoes carrot carrots corn beans lettuce spinach broccoli mushroom mushrooms apple apples banana bananas orange oranges lemon lime grapes strawberry strawberries blueberries mango pineapple peach watermelon avocado cheesecake popcorn snacks 米饭 面条 饺子 包子 馒头 馄饨 粥 豆腐 鸡蛋 鸡肉 牛肉 羊肉 猪肉 排骨 鱼 虾 螃蟹 土豆 番茄 西红柿 黄瓜 茄子 白菜 萝卜 青菜 菠菜 豆角 蘑菇 香菇 木耳 洋葱 大蒜 生姜 辣椒 青椒 南瓜 冬瓜 苦瓜 玉米 花生 芹菜 莲藕 山药 红薯 紫薯 里脊 五花肉 鸡翅 鸡腿 鸭 鹅 火锅 蛋糕 面包 饼干 沙拉 披萨 汉堡 苹果 香蕉 西瓜 葡萄 草莓 橙子 牛奶 豆浆 酸奶 巧克力 冰淇淋 面粉 糯米 红枣 银耳 绿豆 红豆
cook 炒 煮 蒸 炸 烤 炖 焖 煎 烧 拌 煲 卤 腌 红烧 清蒸 糖醋 水煮 麻辣 干锅 凉拌 酸辣 宫保 鱼香 回锅 汤 羹 饭 面 饼 粥 糕 bake baked roast roasted grill grilled fry fried boil boiled steam steamed cook cooking recipe
drink coffee tea latte cappuccino espresso mocha americano juice water beer wine soda coke lemonade smoothie cocktail whiskey vodka 咖啡 茶 奶茶 果汁 可乐 啤酒 白酒 红酒 水 拿铁 卡布奇诺
meal breakfast lunch dinner supper brunch snack dessert appetizer 早餐 早饭 午餐 午饭 晚餐 晚饭 夜宵 下午茶 甜点
genre rock pop jazz classical hip_hop hip-hop rap country blues metal heavy_metal reggae folk soul disco techno electronic house_music indie punk r_and_b opera edm salsa bollywood gospel latin 流行 摇滚 民谣 古典 爵士 说唱 电子 轻音乐 民歌 乡村 粤语 儿歌 dj 情歌 老歌 红歌 戏曲 京剧 豫剧 黄梅戏 越剧
media song songs music album playlist track movie film show series episode podcast podcasts audiobook audiobooks audio_book book books radio radio_station station news newspaper magazine channel video videos game games joke jokes story stories 歌 歌曲 音乐 专辑 电影 电视剧 电视 综艺 节目 动漫 动画片 动画 纪录片 小说 故事 笑话 相声 小品 评书 新闻 视频 游戏 广播 电台 频道 卫视 片 戏 诗 词 古诗 唐诗 宋词 诗词 连续剧 美剧 韩剧
theme 喜剧 爱情 恐怖 动作 科幻 悬疑 惊悚 战争 武侠 古装 玄幻 都市 言情 校园 历史 军事 搞笑 警匪 枪战 穿越 仙侠 修仙 励志 家庭 青春 犯罪 冒险 奇幻 历史 财经 娱乐 体育 科技 国际 国内 社会 politics political sports sport business technology tech science health entertainment finance financial economy weather traffic world local international national election war crime stock stocks
game_name chess checkers solitaire poker monopoly scrabble tetris pacman sudoku minecraft tic_tac_toe hangman trivia candy_crush football soccer basketball baseball tennis golf hockey cricket volleyball swimming 足球 篮球 排球 乒乓球 羽毛球 网球 台球 高尔夫 游泳 赛车 拳击 田径 中超 英超 西甲 意甲 德甲 欧冠 亚冠 世界杯 奥运会 cba nba
room living_room bedroom kitchen bathroom dining_room garage basement attic hallway hall office study bedroom porch balcony garden yard backyard toilet laundry_room nursery upstairs downstairs lounge 客厅 卧室 厨房 浴室 卫生间 厕所 阳台 书房 餐厅 车库 走廊 花园 主卧 次卧
device light lights lamp lamps bulb tv television radio speaker speakers fan heater thermostat air_conditioner vacuum vacuum_cleaner robot_vacuum_cleaner roomba cleaner coffee_machine coffee_maker coffee_pot oven microwave dishwasher washing_machine dryer fridge refrigerator plug socket wemo wemo_plug_socket smart_plug door lock camera computer laptop phone alarm curtain blinds 灯 空调 电视 电视机 冰箱 洗衣机 风扇 窗帘 音箱 热水器 扫地机器人 加湿器 净化器 微波炉 烤箱 手机 电脑
colour red green blue yellow orange purple pink white black brown grey gray gold silver violet turquoise magenta cyan 红色 绿色 蓝色 黄色 橙色 紫色 粉色 白色 黑色 灰色 棕色 金色 银色
vehicle train trains bus taxi cab car flight plane subway metro tram ferry boat bike bicycle uber ship truck tube 火车 高铁 动车 汽车 飞机 航班 地铁 公交 公交车 出租车 轮船 大巴 自行车 客车
weather rain raining rainy snow snowing snowy sun sunny cloud cloudy clouds wind windy storm stormy thunderstorm fog foggy hail humid humidity hot cold warm cool freezing temperature hurricane tornado umbrella sunscreen jacket coat raincoat 雨 雪 风 雾 霾 晴 阴 多云 雷阵雨 温度 湿度 气温
event meeting meetings appointment appointments event events reminder reminders party birthday anniversary wedding conference interview class lesson concert festival game match dinner lunch trip vacation holiday date exam test call doctor's_appointment doctor_appointment birthday_party lunch_meeting dinner_party deadline graduation funeral ceremony christmas easter thanksgiving halloween seminar workshop 会议 生日 婚礼 聚会 面试 考试 约会 春节 中秋 国庆 元旦 圣诞 端午 清明 元宵 情人节
list list lists shopping_list grocery_list groceries to_do_list to_do todo task tasks errands contacts contact notes note
weekday monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays weekday weekdays weekend weekends 周一 周二 周三 周四 周五 周六 周日 星期 礼拜 周末
month january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
day today tomorrow yesterday tonight 今天 明天 后天 昨天 前天 今晚 明晚 今日 明日 大后天 上周 下周 本周 去年 今年 明年
daypart morning afternoon evening night noon midnight midday am pm o'clock a.m p.m 早上 上午 中午 下午 晚上 凌晨 傍晚 夜里 早晨 半夜
period second seconds minute minutes hour hours day days week weeks month months year years decade century quarter half season spring summer autumn fall winter 秒 分钟 小时 天 周 月 年 春天 夏天 秋天 冬天
frequency every each daily weekly monthly yearly annually always once twice recurring repeat hourly 每天 每周 每月 每年 每日
relative next last this coming previous following past current ago later after before from until till between around since 上 下 本 这 前 后
ordinal first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty_first twenty_second twenty_third thirtieth thirty_first 第一 第二 第三 第四 第五
digit zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million 零 一 二 三 四 五 六 七 八 九 十 百 千 万 两
money dollar dollars euro euros pound pounds yen rupee rupees peso pesos cent cents us_dollar us_dollars usd gbp eur jpy bitcoin franc yuan won 元 块 美元 人民币 欧元 英镑 日元
quality good great best nice funny sad happy popular favorite favourite latest newest new recent top hot local nearby cheap expensive romantic relaxing 最新 热门 最热 好看 好听 经典 高分 免费 最近 高清 标清 超清 蓝光
setting volume shuffle repeat pause resume play skip next previous continue stop rewind forward again loop replay louder mute unmute brightness percent
family_name 王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤 尹 黎 易 常 武 乔 贺 赖 龚 文 庞 樊 兰 殷 施 陶 洪 翟 安 颜 倪 严 牛 温 芦 季 俞 章 鲁 葛 伍 韦 申 尤 毕 聂 焦 向 柳 邢 岳 齐 梅 莫 庄 辛 管 祝 左 涂 谷 祁 耿 牟 卜 路 詹 关 苗 凌 费 纪 靳 盛 童 欧 甄 项 曲 成 游 阳 裴 席 卫 查 屈 鲍 位 覃 霍 翁 隋 植 甘 景 薄 单 包 司 柏 宁 柯 阮 桂 欧阳 司马 诸葛 上官 慕容 smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson taylor moore jackson lee perez thompson white harris sanchez clark ramirez lewis robinson walker young allen king wright torres nguyen hill flores green adams nelson baker campbell mitchell carter roberts obama trump clinton bush
title mr mrs ms miss dr sir madam professor 先生 女士 小姐 老师 总 哥 姐 叔
dynasty 唐 宋 元 明 清 汉 唐代 宋代 元代 明代 清代 唐朝 宋朝 明朝 清朝 汉代 先秦 魏晋 南北朝 五代
poet 李白 杜甫 白居易 王维 苏轼 辛弃疾 李清照 陆游 王安石 孟浩然 李商隐 杜牧 柳宗元 刘禹锡 王昌龄 韩愈 欧阳修 柳永 李煜 屈原 陶渊明 曹操 曹植 岑参 贺知章 王之涣 骆宾王 范仲淹 岳飞 文天祥 龚自珍 纳兰性德 孟郊 贾岛 高适 李贺 温庭筠 晏殊 秦观 杨万里 朱熹 毛泽东 徐志摩
illness 感冒 发烧 咳嗽 头痛 头疼 牙疼 高血压 糖尿病 胃炎 肺炎 肝炎 鼻炎 咽炎 失眠 贫血 痛风 便秘 腹泻 癌 癌症 肿瘤 骨折 中暑 过敏 湿疹 近视 肥胖 炎 症 病 痛 癣 疮 结石 综合征 cold flu fever cough headache diabetes cancer asthma allergy
channel 中央一套 中央电视台 央视 cctv 湖南卫视 浙江卫视 江苏卫视 东方卫视 北京卫视 安徽卫视 山东卫视 湖北卫视 天津卫视 辽宁卫视 凤凰卫视 卫视 少儿频道 体育频道 新闻频道 电影频道 一套 二套 三套 五套 六套 八套 台 频道 bbc espn hbo fm am
app 浏览器 日历 计算器 相机 相册 设置 通讯录 地图 闹钟 输入法 播放器 淘宝 微信 qq 音乐 游戏大厅 app_store calendar calculator camera browser settings maps
stock 股票 股份 指数 大盘 涨 跌 集团 银行 科技 药业 能源 电力 证券 基金 地产
language english french spanish german italian chinese japanese korean russian arabic hindi portuguese 英语 英文 中文 日语 日文 法语 法文 德语 德文 韩语 韩文 俄语 俄文 西班牙语 意大利语 粤语 阿拉伯语 葡萄牙语 泰语
place_detail province city country state town village county capital continent planet earth ocean island mount
fact population height age birthday born weight address phone_number number email_address birthdate name capital distance size length
`;

export const MAX_KIND_TOKENS = 6;

let table: Map<number, number[]> | undefined;

/** Kinds of a sequence of folded tokens, by the hash that joining their hashes gives. Built once, on first use. */
export function kindsOf(sequence: number, hashesOf: (text: string) => number[]): readonly number[] {
  table ??= build(hashesOf);
  return table.get(sequence) ?? [];
}

function build(hashesOf: (text: string) => number[]): Map<number, number[]> {
  const out = new Map<number, number[]>();
  const add = (kind: number, name: string) => {
    const hashes = hashesOf(name);
    if (hashes.length === 0 || hashes.length > MAX_KIND_TOKENS) return;
    const key = hashes.reduce((hash, one) => join(hash, one), 0);
    const held = out.get(key);
    if (!held) out.set(key, [kind]);
    else if (!held.includes(kind)) held.push(kind);
  };
  let kind = 0;
  for (const line of KINDS.trim().split('\n')) {
    kind++;
    for (const word of line.split(' ').slice(1)) add(kind, word.replaceAll('_', ' '));
  }
  for (const [type, codes] of runtimeNames()) {
    kind++;
    for (const locale of ['en', 'zh']) {
      const names = new Intl.DisplayNames([locale], { type, fallback: 'none' });
      for (const code of codes) {
        const name = names.of(code);
        if (name) add(kind, name);
      }
    }
  }
  kind++;
  for (const zone of Intl.supportedValuesOf('timeZone'))
    add(kind, zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' '));
  return out;
}

function runtimeNames(): ['region' | 'language' | 'currency', string[]][] {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const pairs = letters.flatMap((a) => letters.map((b) => a + b));
  return [
    ['region', pairs.map((pair) => pair.toUpperCase())],
    ['language', pairs],
    ['currency', Intl.supportedValuesOf('currency')],
  ];
}
