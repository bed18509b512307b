/**
 * Kubernetes quantities, as far as this project needs them: CPU in thousandths of a core, memory and storage in bytes.
 *
 * Output is always in the canonical form of the API server ("1Gi", never "1024Mi"), so that what is asked for and what the
 * server reports are the same text and an unchanged stack has nothing to update.
 */

const CPU_PATTERN = /^(?:(\d+)m|(\d+)(?:\.(\d{1,3}))?)$/;
const BYTES_PATTERN = /^(\d+)(?:\.(\d{1,3}))?(Ki|Mi|Gi|Ti|k|M|G|T)?$/;

const BYTE_UNITS = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
} as const;

/** Whether `text` is a CPU quantity that {@link parseCpu} reads. */
export function isCpu(text: string): boolean {
  return CPU_PATTERN.test(text);
}

/** Whether `text` is an amount of memory or storage that {@link parseBytes} reads. */
export function isBytes(text: string): boolean {
  return BYTES_PATTERN.test(text) && Number.isSafeInteger(parseBytes(text));
}

/**
 * Reads a CPU quantity.
 *
 * @param text such as `250m`, `1` or `0.5`
 * @returns thousandths of a core
 * @throws RangeError when the text is no CPU quantity
 */
export function parseCpu(text: string): number {
  const match = CPU_PATTERN.exec(text);
  if (!match) throw new RangeError(`"${text}" is not an amount of CPU, such as 250m or 0.5`);
  const [, milli, whole, fraction] = match;
  if (milli !== undefined) return Number(milli);
  return Number(whole) * 1000 + Number((fraction ?? "").padEnd(3, "0"));
}

/**
 * Reads an amount of memory or storage.
 *
 * @param text such as `512Mi`, `1Gi`, `1.5Gi` or `500M`
 * @returns bytes, rounded up to a whole one
 * @throws RangeError when the text is no such amount
 */
export function parseBytes(text: string): number {
  const match = BYTES_PATTERN.exec(text);
  if (!match) throw new RangeError(`"${text}" is not an amount of memory or storage, such as 512Mi or 1Gi`);
  const [, whole, fraction, unit] = match;
  const factor = unit === undefined ? 1 : BYTE_UNITS[unit as keyof typeof BYTE_UNITS];
  return Math.ceil(Number(whole) * factor + (Number((fraction ?? "").padEnd(3, "0")) * factor) / 1000);
}

/** Writes thousandths of a core in canonical form: `690m`, `2`. */
export function formatCpu(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Writes bytes in canonical form: the largest binary unit that divides them. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "0";
  for (const unit of ["Ti", "Gi", "Mi", "Ki"] as const) {
    if (bytes % BYTE_UNITS[unit] === 0) return `${bytes / BYTE_UNITS[unit]}${unit}`;
  }
  return String(bytes);
}
