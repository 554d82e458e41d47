package paranet.launcher;

import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Stack;

/**
 * Keeps what follows {@code --next} for the ports that it describes: each of them has all of the
 * options for itself.
 *
 * <p>Threading: confined to the main thread.
 */
final class PortSections implements IParameterPreprocessor {
    static final String NEXT = "--next";

    @Override
    public boolean preprocess(
            Stack<String> arguments, CommandSpec command, ArgSpec next, Map<String, Object> info) {
        List<String> rest = new ArrayList<>();
        while (!arguments.isEmpty()) {
            rest.add(arguments.pop());
        }
        next.setValue(rest);
        return true;
    }

    /** The arguments of each further port. */
    static List<List<String>> split(List<String> rest) {
        List<List<String>> sections = new ArrayList<>();
        List<String> section = new ArrayList<>();
        for (String argument : rest) {
            if (argument.equals(NEXT)) {
                sections.add(section);
                section = new ArrayList<>();
            } else {
                section.add(argument);
            }
        }
        sections.add(section);
        return sections;
    }
}
