/** Countries by the codes of ISO 3166-1 that the ledger knows, by their names in a language. Pure. */

const TABLE = `
  AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG
  CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL
  GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA
  LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP
  NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
  SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`;

/** Every code that a licence can name. */
export const CODES: readonly string[] = TABLE.trim().split(/\s+/);

/** The members of the European Union, which licences are often sold for together. */
export const UNION: readonly string[] = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

export interface Place {
  readonly code: string;
  readonly name: string;
}

/** All countries in the order of their names in a language (BCP 47). */
export function places(tag: string): Place[] {
  const names = new Intl.DisplayNames([tag], { type: 'region' });
  const order = new Intl.Collator(tag);
  return CODES.map((code) => ({ code, name: names.of(code) ?? code })).sort((a, b) => order.compare(a.name, b.name));
}

/** The countries that somebody who types `words` may mean: by code, or by the beginning of a word of the name. */
export function matching(all: readonly Place[], words: string): readonly Place[] {
  const wanted = folded(words);
  if (!wanted) return all;
  return all.filter(({ code, name }) => {
    const plain = folded(name);
    return code.toLowerCase() === wanted || plain.startsWith(wanted) || plain.includes(` ${wanted}`) || (/[^\u0000-\u024f]/.test(wanted) && plain.includes(wanted));
  });
}

/** The names of some countries, joined as the language joins them. */
export function named(codes: readonly string[], tag: string): string {
  const names = new Intl.DisplayNames([tag], { type: 'region', fallback: 'code' });
  return new Intl.ListFormat(tag, { type: 'conjunction' }).format(codes.map((code) => names.of(code) ?? code));
}

function folded(text: string): string {
  return text.trim().toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
}
