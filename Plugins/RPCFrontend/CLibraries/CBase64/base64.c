// Part of daqd
// SPDX-License-Identifier: MIT

#include "daqd_base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode_scalar(const uint8_t *source, size_t count, char *target) {
    size_t done = 0;
    for (; count - done >= 3; done += 3, target += 4) {
        uint32_t bits = (uint32_t)source[done] << 16 | (uint32_t)source[done + 1] << 8 | source[done + 2];
        target[0] = alphabet[bits >> 18];
        target[1] = alphabet[bits >> 12 & 63];
        target[2] = alphabet[bits >> 6 & 63];
        target[3] = alphabet[bits & 63];
    }
    return done;
}

#if defined(__x86_64__)
#include <immintrin.h>

// Twelve bytes in each half of the register become sixteen numbers of six bits, then sixteen characters.
__attribute__((target("avx2"))) static size_t encode_avx2(const uint8_t *source, size_t count, char *target) {
    const __m256i spread = _mm256_setr_epi8(
        1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // What to add to a number to get its character, by class: capitals, digits, plus, slash, small letters.
    const __m256i distance = _mm256_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '+' - 62, '/' - 63, 'A', 0, 0, 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    size_t done = 0;
    // The second half reads 16 bytes from its twelfth on: 28 must be there.
    for (; count - done >= 28; done += 24, target += 32) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(source + done));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(source + done + 12));
        __m256i bytes = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), spread);
        __m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)),
                                         _mm256_set1_epi32(0x04000040));
        __m256i even = _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)),
                                          _mm256_set1_epi32(0x01000010));
        __m256i numbers = _mm256_or_si256(odd, even);
        __m256i class = _mm256_subs_epu8(numbers, _mm256_set1_epi8(51));
        __m256i capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), numbers);
        class = _mm256_or_si256(class, _mm256_and_si256(capital, _mm256_set1_epi8(13)));
        __m256i text = _mm256_add_epi8(numbers, _mm256_shuffle_epi8(distance, class));
        _mm256_storeu_si256((__m256i *)(void *)target, text);
    }
    return done;
}

size_t daqd_base64_encode(const uint8_t *source, size_t count, char *target) {
    size_t done = 0;
    if (__builtin_cpu_supports("avx2")) done = encode_avx2(source, count, target);
    return done + encode_scalar(source + done, count - done, target + done / 3 * 4);
}
#else
size_t daqd_base64_encode(const uint8_t *source, size_t count, char *target) {
    return encode_scalar(source, count, target);
}
#endif
