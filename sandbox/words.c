#include "sandbox/words.h"

// clang-format off
const struct words_brand words_brand[WORDS_BRANDS] = {
    {"MAISON TESTA", "메종테스타", 9001},      {"CASA ESEMPIO", "까사에셈피오", 9002},
    {"ATELIER NOUVÉ", "아틀리에 누베", 9003},  {"BORGO FINTO", "보르고핀토", 9004},
    {"Élan Fictif", "엘랑 픽티프", 9005},      {"NORDLYS STUDIO", "노르딜리스 스튜디오", 0},
    {"Villa Prova", "빌라프로바", 9007},       {"RUE INCONNUE", "뤼앵코뉘", 9008},
    {"HAUS MUSTER", "하우스무스터", 9009},     {"OFICINA MODELO", "오피시나모델로", 9010},
    {"Görlitz & Söhne", "괴를리츠", 9011},     {"KING'S DUMMY", "킹스더미", 9012},
    {"SAMPLE & SONS", "샘플앤선즈", 9013},     {"LAGO VUOTO", "라고부오토", 9014},
    {"TERRA IPOTESI", "테라이포테시", 0},      {"CHÂTEAU VIDE", "샤토비드", 9016},
    {"PONTE NULLO", "폰테눌로", 9017},         {"Studio Placeholder", "스튜디오 플레이스홀더", 9018},
    {"MONTE ZERO", "몬테제로", 9019},          {"LUMIÈRE ESSAI", "뤼미에르 에쎄", 9020},
    {"ARCO BIANCO", "아르코비앙코", 9021},     {"FIORE MUTO", "피오레무토", 9022},
    {"DUNE FABLE", "듄페이블", 9023},          {"OSLO PAPER", "오슬로페이퍼", 9024},
    {"PIAZZA OMBRA", "피아짜옴브라", 9025},    {"QUAI TROIS", "께트루아", 9026},
    {"RIVA LENTA", "리바렌타", 9027},          {"SOLE FREDDO", "솔레프레도", 9028},
    {"TORRE CHIARA", "토레키아라", 9029},      {"ULTIMO FILO", "울티모필로", 9030},
    {"VENTO CORTO", "벤토코르토", 9031},       {"WEISS UND NICHTS", "바이스운트닉스", 9032},
    {"XENIA DRAFT", "제니아드래프트", 0},      {"YVES EXEMPLE", "이브에그장플", 9034},
    {"ZONA MOCK", "조나모크", 9035},           {"ACQUA PIENA", "아쿠아피에나", 9036},
    {"BELLE FEINTE", "벨팽트", 9037},          {"CORTE VECCHIA", "코르테베키아", 9038},
    {"DOLCE INVENTO", "돌체인벤토", 9039},     {"ECHO ATELIER", "에코아틀리에", 9040},
};

const struct words_header words_header[WORDS_HEADERS] = {
    {"W", "여성", "여성"}, {"M", "남성", "남성"}, {"K", "키즈", "키즈"}, {"L", "라이프", "라이프"}, {"WM", "남녀공용", "남녀공용"},
};

const struct words_large words_large[WORDS_LARGES] = {
    {"15", "의류", {"니트", "티셔츠", "셔츠", "팬츠", "코트"}},
    {"16", "가방", {"숄더백", "토트백", "백팩", "크로스백", "클러치"}},
    {"17", "신발", {"스니커즈", "로퍼", "부츠", "샌들", "플랫"}},
    {"18", "지갑", {"반지갑", "장지갑", "카드지갑", "동전지갑", "키케이스"}},
    {"19", "시계", {"쿼츠", "오토매틱", "스마트워치", "포켓워치", "스트랩"}},
    {"20", "주얼리", {"목걸이", "귀걸이", "반지", "팔찌", "브로치"}},
    {"21", "모자", {"볼캡", "버킷햇", "비니", "페도라", "베레모"}},
    {"22", "벨트", {"가죽벨트", "체인벨트", "패브릭벨트", "정장벨트", "서스펜더"}},
    {"23", "머플러", {"스카프", "숄", "넥워머", "스톨", "트윌리"}},
    {"24", "아이웨어", {"선글라스", "안경테", "고글", "안경줄", "케이스"}},
    {"25", "리빙", {"머그", "쿠션", "캔들", "블랭킷", "트레이"}},
    {"26", "뷰티", {"향수", "립", "핸드크림", "바디", "디퓨저"}},
};
const char *const words_small[WORDS_SMALLS] = {"베이직", "클래식", "시즌"};

const struct words_color words_color[WORDS_COLORS] = {
    {"블랙", "BLACK"}, {"네이비/415", "NAVY"}, {"그레이/031", "GRAY"}, {"화이트", "WHITE"}, {"아이보리", "IVORY"},
    {"베이지", "BEIGE"}, {"브라운/BRW", "BROWN"}, {"카키", "KHAKI"}, {"레드", "RED"}, {"버건디", "BURGUNDY"},
    {"핑크", "PINK"}, {"블루", "BLUE"}, {"그린", "GREEN"}, {"옐로우", "YELLOW"}, {"실버", "SILVER"},
};
const char *const words_size[WORDS_SIZE_ROWS][WORDS_SIZES] = {
    {"XS", "S", "M", "L", "XL", "XXL"},
    {"US 4", "US 6", "US 8", "US 10", "US 12", "US 14"},
    {"36", "37", "38", "39", "40", "41"},
    {"0", "1", "2", "3", "4", "5"},
    {"230mm", "240mm", "250mm", "260mm", "270mm", "280mm"},
};

const char *const words_model[WORDS_MODELS] = {
    "루나 체인", "램스울 라운드", "카페 Café", "클래식 \"No.9\"", "오버핏", "미니", "빈티지 워싱", "모노 로고",
    "스몰 퀼팅", "A/W 캡슐", "소프트 카프", "리버서블", "젤리", "브이 <V> 넥", "캐시미어 100%", "그랑 \\ 노트",
};
const char *const words_origin[WORDS_ORIGINS] = {
    "ITALY", "PORTUGAL", "이탈리아", "프랑스", "SPAIN", "케냐", "중국 (OEM)", "대한민국", "ROMANIA", "",
};
const char *const words_place[WORDS_PLACES] = {
    "서울 강남구", "대구 중구", "부산 해운대구", "경기 성남시 분당구", "인천 연수구", "광주 서구", "제주 제주시", "",
};
const char *const words_phrase[WORDS_PHRASES] = {
    "매장에서 직접 확인한 상품입니다.", "실측 사이즈는 재는 방법에 따라 1~3cm 차이가 날 수 있습니다.",
    "병행수입 정품이며 가품일 경우 200% 보상합니다.", "착용 흔적이 있으면 교환이 어렵습니다.",
    "Made with care & love.", "세탁은 드라이클리닝을 권합니다.", "주문 후 1~2일 안에 출고합니다.",
    "색상은 화면에 따라 다르게 보일 수 있습니다.", "상품 문의는 게시판을 이용해 주세요.", "Résumé of the season — 봄/여름.",
};
// clang-format on
