using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Kubernetes.Health;

/// <summary>What a failing check means.</summary>
public enum HealthKind
{
    /// <summary>The process cannot do its work now (<c>/readyz</c>).</summary>
    Readiness,

    /// <summary>The process must be restarted (<c>/healthz</c>); counts for readiness too.</summary>
    Liveness,
}

/// <summary>The checks behind <c>/healthz</c> and <c>/readyz</c>. A check returns null when all is well, else what is wrong.</summary>
public sealed class HealthChecks(ILoggerFactory? loggerFactory = null)
{
    private readonly Lock _lock = new();
    private readonly List<(string Name, HealthKind Kind, Func<string?> Check)> _checks = [];
    private readonly ILogger _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Kilonova.Kubernetes.Health");

    /// <summary>Adds a check. It must be quick: it looks at a state, it does not go and find out.</summary>
    public void Add(string name, HealthKind kind, Func<string?> check)
    {
        lock (_lock)
            _checks.Add((name, kind, check));
    }

    /// <summary>Runs the checks that count for <paramref name="kind"/>.</summary>
    /// <returns>Whether all is well, and one line per check as Kubernetes' own components write them.</returns>
    public (bool Healthy, string Report) Run(HealthKind kind)
    {
        (string Name, HealthKind Kind, Func<string?> Check)[] checks;
        lock (_lock)
            checks = [.. _checks];
        var report = new StringBuilder();
        var healthy = true;
        foreach (var (name, of, check) in checks)
        {
            if (kind == HealthKind.Liveness && of != HealthKind.Liveness)
                continue;
            var wrong = Run(name, check);
            healthy &= wrong is null;
            report.Append(wrong is null ? "[+]" : "[-]").Append(name).Append(wrong is null ? " ok" : $" failed: {wrong}").Append('\n');
        }

        report.Append(healthy ? "ok" : "failed").Append('\n');
        return (healthy, report.ToString());
    }

    private string? Run(string name, Func<string?> check)
    {
        try
        {
            return check();
        }
#pragma warning disable CA1031 // a check that fails in any way is a failed check
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMessages.HealthCheckFailed(_logger, e, name);
            return e.Message;
        }
    }
}
