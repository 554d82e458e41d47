package paranet.launcher;

import paranet.venet.VenetFeature;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The features of a venet device in the terms of {@code --features}.
 *
 * <p>Threading: immutable.
 */
final class VenetFeatures {
    private VenetFeatures() {}

    /** A mask for each name, in the order of the bits. */
    static Map<String, Long> byName() {
        Map<String, Long> names = new LinkedHashMap<>();
        for (VenetFeature feature : VenetFeature.values()) {
            names.put(feature.word(), 1L << names.size());
        }
        return names;
    }

    /** What a device offers that would offer by itself what the original did. */
    static Set<VenetFeature> of(FeatureSelection selection) {
        Map<String, Long> masks = byName();
        long original = 0;
        for (VenetFeature feature : VenetFeature.ORIGINAL) {
            original |= masks.get(feature.word());
        }
        long chosen = selection.applyTo(original);
        Set<VenetFeature> features = EnumSet.allOf(VenetFeature.class);
        features.removeIf(feature -> (chosen & masks.get(feature.word())) == 0);
        return features;
    }
}
