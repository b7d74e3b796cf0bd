/**
 * What common labels of classification are about: each line is one topic, its names before the bar, words that speak for it behind.
 * General vocabulary, English and Chinese, compiled for Reflex.
 */
import { hasHan, splitIdentifier, stem } from '../text/text.ts';

const TOPICS = `
billing payment invoice finance charge 账单 支付 付款 计费 缴费 财务 费用 收费 | invoice bill charge charged payment pay paid card fee fees subscription price cost receipt overcharged billed tax deducted wallet 账单 发票 扣款 扣费 付款 支付 收费 费用 刷卡 银行卡 信用卡 余额 充值 订阅 续费 价格 多扣
refund return 退款 退货 退换 售后退款 | refund refunded return returned money back reimburse exchange cancel 退款 退货 退钱 退回 换货 返还 七天无理由
shipping delivery logistics 物流 配送 快递 发货 送货 运输 外卖配送 | delivery deliver delivered shipping shipped ship parcel package courier tracking arrive arrived late driver warehouse shipment rider 物流 快递 配送 送货 发货 收货 包裹 送达 送到 骑手 快递员 外卖员 运费 派送 签收 送餐
technical bug technology_issue malfunction 技术 故障 技术问题 技术支持 | error bug crash crashes crashed freeze login log password install update app website server screen connect connection wifi loading slow reset broken work working software code 500 404 报错 闪退 崩溃 登录 密码 安装 更新 卡顿 死机 黑屏 连不上 加载 打不开 故障 程序 系统 软件 服务器 网络
account profile login 账户 账号 登录 | account login log sign password username profile register verification locked email reset 账号 账户 登录 密码 注册 验证码 用户名 注销 实名 绑定
product quality item 产品 质量 商品 品质 商品质量 | quality product material broken defective durable item size color fabric damaged battery screen 质量 产品 商品 材质 做工 破损 坏了 瑕疵 尺寸 颜色 电池 屏幕 耐用
service staff support customer_service attitude 服务 客服 态度 服务态度 员工 | service staff rude polite friendly waiter waitress manager support agent helpful attitude employee crew host receptionist 服务 客服 态度 服务员 店员 前台 经理 热情 耐心 冷漠 员工 师傅 老板
price value expensive cheap 价格 性价比 价钱 | price expensive cheap cost value money worth pricey affordable overpriced discount deal 价格 贵 便宜 性价比 划算 实惠 价钱 打折 优惠
food taste meal dish 食物 味道 口味 菜品 菜 | food taste delicious tasty meal dish menu flavor salty bland cooked fresh soup burger pizza noodles rice chicken breakfast dinner lunch dessert coffee 味道 好吃 难吃 口味 菜 饭 面 汤 肉 辣 咸 淡 新鲜 菜品 米饭 粥 分量
environment ambience atmosphere cleanliness 环境 卫生 氛围 | clean dirty atmosphere noisy quiet decor music lighting crowded view smell room ambience cozy toilet 环境 卫生 干净 脏 吵 安静 装修 氛围 拥挤 灯光 厕所
location 位置 交通 地理位置 | location parking station metro near close far walk transport bus downtown convenient 位置 停车 地铁 交通 附近 远 近 方便 公交
packaging package 包装 | packaging packed box wrapped bag seal sealed wrapping 包装 盒子 袋子 密封 包裹 餐盒
sports sport 体育 运动 | match game team player players coach league goal goals score scored champion championship tournament cup football soccer basketball tennis baseball olympic win won season race striker stadium referee 比赛 球队 球员 教练 联赛 进球 冠军 决赛 足球 篮球 网球 奥运 夺冠 赛季 球迷 主场 选手
politics government world 政治 时政 国际 政府 | president minister government election vote parliament senate congress party policy law campaign treaty diplomat sanctions troops war peace border protest prime voters ambassador 总统 总理 政府 选举 议会 政策 外交 部长 国会 投票 制裁 会谈 条约 战争 军队 边境 国务院
business economy finance market stocks 财经 商业 经济 金融 股票 | company shares stock stocks market profit revenue investors bank economy growth quarter sales merger trade prices inflation ceo earnings billion deal analysts rates 公司 股价 股市 市场 利润 营收 投资 银行 经济 增长 季度 并购 贸易 通胀 基金 上市 财报 亿元
technology tech science_tech sci/tech 科技 技术 互联网 数码 | software computer internet phone smartphone chip app data device google microsoft apple robot ai artificial intelligence online web users startup laptop processor cloud cyber 手机 电脑 芯片 互联网 软件 人工智能 机器人 数据 智能 科技 处理器 算法 云计算 大模型
science research sci/tech science_tech 科学 科研 | scientists scientist astronomers astronomer discover discovered researchers study space nasa planet species research discovery physics biology chemistry laboratory experiment climate telescope 科学家 研究 实验 发现 太空 行星 物理 生物 化学 论文 望远镜
entertainment culture film music movies 娱乐 影视 文化 明星 | film movie actor actress singer album song concert show tv series star director award festival theater celebrity box hollywood 电影 演员 明星 歌手 专辑 演唱会 综艺 电视剧 导演 票房 娱乐 影视 主演
health medical medicine wellness 健康 医疗 医学 | doctor hospital patient patients disease virus vaccine drug medicine health symptom pain surgery diet sleep treatment cancer clinic fever 医生 医院 患者 疾病 病毒 疫苗 药 健康 症状 治疗 手术 饮食 睡眠 体检 发烧
travel tourism flight hotel 旅游 旅行 出行 酒店 | travel trip flight hotel airport tourist tourists visa booking vacation holiday beach passport luggage itinerary resort 旅游 旅行 机票 酒店 航班 景点 签证 度假 行李 护照 游客 攻略
education school 教育 学习 学校 | school student students teacher university exam course class college education homework lesson degree tuition 学校 学生 老师 大学 考试 课程 教育 作业 高考 招生 学费
weather climate environment_news 天气 气象 | rain snow storm temperature sunny cloudy wind forecast hurricane flood heat 下雨 下雪 暴雨 台风 气温 天气 预报 降温 洪水
crime law legal court 法律 犯罪 社会 法治 | police court judge arrested murder lawyer trial prison charged theft suspect sentenced lawsuit jury fraud contract 警方 法院 法官 逮捕 嫌疑人 律师 判决 起诉 盗窃 犯罪 诉讼 合同 违法
automotive car vehicle 汽车 车辆 | car engine brake brakes tire tires vehicle driving gear dealer mileage battery charging 汽车 发动机 刹车 轮胎 车辆 驾驶 续航 充电 4s 油耗 变速箱 车机
real_estate housing 房产 房地产 家居 | house apartment rent landlord mortgage property housing estate tenant 房价 楼市 房子 租金 房东 公寓 房贷 购房 楼盘
career hr recruiting job 招聘 人事 人力资源 职场 | job interview resume salary hire hiring candidate leave payroll holiday vacation employee onboarding payslip 招聘 面试 简历 工资 薪资 入职 离职 请假 社保 年假 员工 加班
it helpdesk hardware 信息技术 网络 硬件 | laptop printer vpn monitor keyboard mouse network wifi software license password server computer headset 电脑 打印机 网络 键盘 显示器 鼠标 服务器 账号 软件 内网
security privacy fraud 安全 隐私 欺诈 | hacked stolen phishing suspicious unauthorized fraud scam password breach privacy leak 被盗 诈骗 泄露 隐私 黑客 钓鱼 可疑 安全 盗刷
sales presales purchase 销售 售前 购买咨询 | buy purchase quote pricing demo discount order offer price interested plan upgrade 购买 报价 优惠 折扣 下单 想买 试用 采购 套餐 多少钱
aftersales repair maintenance warranty 售后 维修 保修 保养 | repair warranty fix technician maintenance replace broken spare service 维修 保修 售后 修 坏了 更换 保养 配件 师傅 上门
account_cancel cancellation cancel 取消 退订 注销 | cancel cancellation unsubscribe terminate close stop 取消 退订 注销 终止 停用
reservation booking appointment 预订 预约 订位 | book booking reserve reservation appointment table seat slot schedule 预订 预定 预约 订位 订座 位子 包间 改期
spam advertisement promotion advertising 垃圾 广告 推广 营销 | free winner prize click offer discount cash guaranteed limited congratulations claim subscribe buy bonus loan casino 中奖 免费领取 点击 加微信 优惠 贷款 代开 赚钱 福利 兼职 推广 促销
performance speed 性能 速度 | slow fast speed lag performance battery heat fps smooth memory 慢 快 卡 速度 性能 流畅 发热 内存 延迟
design appearance look 外观 设计 颜值 | design look color style beautiful ugly shape screen thin appearance 外观 设计 颜色 好看 漂亮 颜值 款式 造型 丑
usability ease_of_use 易用性 使用体验 | easy difficult interface intuitive setup instructions confusing menu button 操作 简单 复杂 界面 方便 上手 说明书 按钮
`;

interface Topic {
  names: Set<string>;
  words: string[];
}

const topics: Topic[] = TOPICS.trim()
  .split('\n')
  .map((line) => {
    const [names = '', words = ''] = line.split(' | ');
    return { names: new Set(names.split(' ').map(formOf)), words: words.split(' ') };
  });

function formOf(name: string): string {
  return hasHan(name) ? name : splitIdentifier(name).map(stem).join('_');
}

/** Words that speak for a label, where the label's name is that of a topic; empty otherwise. */
export function topicWords(label: string): readonly string[] {
  const whole = formOf(label);
  const parts = hasHan(label) ? [label] : splitIdentifier(label).map(stem);
  const exact = topics.filter((topic) => topic.names.has(whole));
  const found = exact.length > 0 ? exact : topics.filter((topic) => parts.some((part) => topic.names.has(part)));
  return found.flatMap((topic) => topic.words);
}
