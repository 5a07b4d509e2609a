/** A report to take away: the JSON that the commands write, made by this browser and signed by nobody. */

import type { Report } from './audit';
import { told } from './lines';

/** Canonical JSON (sorted keys, no spaces) of the format `cinepeer/audit-report/1`. */
export function reportJson(report: Report): string {
  const { bytes, name, network, sort, time, title } = report;
  const subject = { bundle: `sha256:${report.sha256}`, block: report.block, bytes, hash: report.hash, name, network, of: report.subject, sort, time, title };
  return JSON.stringify({
    basis: [],
    films: [],
    format: 'cinepeer/audit-report/1',
    lines: report.lines.map((line) => {
      const { expected, restsOn } = told(line.check, 'en');
      return { check: line.check, expected, found: line.found, ok: line.isHeld, rests_on: restsOn };
    }),
    ok: report.isHeld,
    subject: Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== null && value !== '').sort()),
  });
}
