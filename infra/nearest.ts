/** The number of letters to add, drop or exchange to get from one word to the other (Levenshtein), whatever their case. */
export function editsBetween(one: string, other: string): number {
  const letters = [...other.toLowerCase()];
  let row = Array.from({ length: letters.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one.toLowerCase()].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of letters.entries())
      next.push(
        Math.min(next[column]! + 1, row[column + 1]! + 1, row[column]! + (letter === wanted ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1)!;
}

/** The known name with the fewest edits to the one found; undefined where none is known. */
export const nearest = (found: string, known: readonly string[]): string | undefined =>
  [...known].sort((one, other) => editsBetween(found, one) - editsBetween(found, other))[0];
