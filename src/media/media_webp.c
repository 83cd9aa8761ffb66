/* SPDX-License-Identifier: EUPL-1.2
 * WebP: picture, transparency and colour profile in a new container, once libwebp has decoded them. */
#include "media.h"

#include <webp/decode.h>
#include <webp/mux.h>

#include "banned.h"

/* Decodes everything; the result is drawn small, so that it costs no memory. */
static bool picture_whole(const WebPData *picture)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return false;
    config.options.use_scaling = 1;
    config.options.scaled_width = config.options.scaled_height = 16;
    const bool whole = WebPDecode(picture->bytes, picture->size, &config) == VP8_STATUS_OK;
    WebPFreeDecBuffer(&config.output);
    return whole;
}

/* What is looked at is the picture itself: the container may say something else. */
static bool picture_check(const WebPData *picture, struct media_output *output, struct media_fault *fault)
{
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(picture->bytes, picture->size, &features) != VP8_STATUS_OK)
        return media_refuse(fault, "media_damaged", NULL);
    if (features.has_animation)
        return media_refuse(fault, "media_animated", NULL);
    output->width = (unsigned)features.width;
    output->height = (unsigned)features.height;
    if (!media_size_fits(output->width, output->height, fault))
        return false;
    return picture_whole(picture) || media_refuse(fault, "media_damaged", NULL);
}

static bool picture_pack(const WebPMux *from, const WebPData *picture, struct media_output *output, struct media_fault *fault)
{
    WebPData profile, packed = {NULL, 0};
    WebPMux *mux = WebPMuxNew();
    const bool coloured = WebPMuxGetChunk(from, "ICCP", &profile) == WEBP_MUX_OK;
    const bool done = mux && WebPMuxSetImage(mux, picture, 0) == WEBP_MUX_OK &&
                      (!coloured || WebPMuxSetChunk(mux, "ICCP", &profile, 0) == WEBP_MUX_OK) &&
                      WebPMuxAssemble(mux, &packed) == WEBP_MUX_OK;
    if (done)
        buffer_append(&output->bytes, (const char *)packed.bytes, packed.size);
    WebPDataClear(&packed);
    WebPMuxDelete(mux);
    return done || media_refuse(fault, mux ? "media_damaged" : NULL, NULL);
}

bool media_clean_webp(struct media_input input, struct media_output *output, struct media_fault *fault)
{
    const WebPData data = {input.bytes, input.length};
    WebPMuxFrameInfo frame = {.bitstream = {NULL, 0}};
    uint32_t flags = 0;
    WebPMux *mux = WebPMuxCreate(&data, 0);
    bool done;
    if (!mux || WebPMuxGetFeatures(mux, &flags) != WEBP_MUX_OK)
        done = media_refuse(fault, "media_damaged", NULL);
    else if (flags & ANIMATION_FLAG)
        done = media_refuse(fault, "media_animated", NULL);
    else if (WebPMuxGetFrame(mux, 1, &frame) != WEBP_MUX_OK)
        done = media_refuse(fault, "media_damaged", NULL);
    else
        done = picture_check(&frame.bitstream, output, fault) && picture_pack(mux, &frame.bitstream, output, fault);
    WebPDataClear(&frame.bitstream);
    WebPMuxDelete(mux);
    return done;
}
