"""What each fold leaves out of training: real sources and generators together, so that neither helps the other."""

FOLDS = (
    ({"bsds", "mate", "portraits", "templates"}, {"web_gpt4o_nanobanana", "dalle2"}),
    ({"imagenet"}, {"midjourney2022", "sd1_2022", "sd_art_512collage"}),
    ({"ffhq1024"}, {"stylegan2_1024", "glide", "discodiffusion"}),
    ({"pets", "lomiri"}, {"dallemini", "ldm2022", "vqgan_simulacra"}),
)
