//go:build zxing && cgo

#define ZX_USE_UTF8 1
#include <ZXing/ReadBarcode.h>

#include <cstdlib>
#include <cstring>

#include "zxing.h"

int idem_scan(const unsigned char *pixels, int width, int height, int pdf417, idem_symbol *out, int max) {
	try {
		ZXing::DecodeHints hints;
		hints.setFormats(pdf417 ? ZXing::BarcodeFormat::PDF417 : ZXing::BarcodeFormat::QRCode);
		hints.setTryHarder(true).setTryRotate(true).setMaxNumberOfSymbols(max);
		ZXing::ImageView view(pixels, width, height, ZXing::ImageFormat::Lum);
		int n = 0;
		for (const auto &found : ZXing::ReadBarcodes(view, hints)) {
			if (n == max || !found.isValid())
				continue;
			const std::string text = found.text();
			out[n].text = static_cast<char *>(std::malloc(text.size() + 1));
			if (!out[n].text)
				break;
			std::memcpy(out[n].text, text.data(), text.size());
			out[n].length = static_cast<int>(text.size());
			for (int i = 0; i < 4; i++) {
				out[n].corners[2 * i] = found.position()[i].x;
				out[n].corners[2 * i + 1] = found.position()[i].y;
			}
			n++;
		}
		return n;
	} catch (...) {
		return -1;
	}
}
