// The part of ZXing-C++ that Go calls.
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	char *text; // UTF-8 of the given length, to be freed
	int length;
	int corners[8]; // x, y from the top left on, clockwise
} idem_symbol;

// idem_scan fills at most max symbols from 8-bit luminance and returns how
// many, or -1.
int idem_scan(const unsigned char *pixels, int width, int height, int pdf417, idem_symbol *out, int max);

#ifdef __cplusplus
}
#endif
