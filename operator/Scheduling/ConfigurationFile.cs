using Kilonova.Scheduling;

namespace Kilonova.Operator.Scheduling;

/// <summary>The file of the scheduler's options (<c>--scheduler-config</c>).</summary>
public static class ConfigurationFile
{
    /// <summary>Reads it.</summary>
    /// <param name="path">Path; null for the defaults.</param>
    /// <returns>The options; or why there are none, naming the file and, for a bad value, its field and rule.</returns>
    public static (SchedulerConfiguration? Options, string? Error) Read(string? path)
    {
        if (path is null)
            return (new SchedulerConfiguration(), null);
        try
        {
            return (SchedulerConfiguration.Parse(File.ReadAllBytes(path)), null);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return (null, $"--scheduler-config {path}: {e.Message}");
        }
    }
}
