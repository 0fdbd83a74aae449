/** Every parameter that KlearStack may miss in a request of ours. */
const PARAMETERS = ['refresh_token', 'company_name', 'username', 'password'];

/** Errors are a sentence; in a whole page (a debug page, a proxy's) any of the words may occur by chance. */
const LONGEST_ERROR = 500;
const QUOTATION_MARKS = /["'“”‘’]/;

/**
 * The parameter that the body of a 500 names as missing, or undefined where it names none. The vendor documents only prose
 * (`E.g error "refresh_token"`, `E.g error "Company Name"`), so what stands between quotation marks, plain or typographic,
 * counts where it is a parameter, whatever its letter case, or a sentence that calls one missing or required.
 */
export function missingParameter(body: string): string | undefined {
  if (body.length > LONGEST_ERROR) {
    return undefined;
  }
  const pieces = body.split(QUOTATION_MARKS).map((piece) =>
    piece
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, '_'),
  );
  return PARAMETERS.find((parameter) => pieces.some((piece) => names(piece, parameter)));
}

function names(piece: string, parameter: string): boolean {
  return piece === parameter || (/missing|required/.test(piece) && `_${piece}_`.includes(`_${parameter}_`));
}
