using System.Text;
using Kilonova.Kubernetes.Metrics;
using Microsoft.AspNetCore.Http;

namespace Kilonova.Kubernetes.Health;

/// <summary>Answers <c>/healthz</c>, <c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>; usable in any ASP.NET pipeline.</summary>
public sealed class HealthEndpoints(HealthChecks checks, PrometheusReader? metrics = null)
{
    /// <summary>Answers if the path is one of its own; otherwise leaves the request alone.</summary>
    /// <returns>Whether it answered.</returns>
    public async Task<bool> HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        switch (context.Request.Path.Value)
        {
            case "/healthz" or "/livez":
                await ReportAsync(context, HealthKind.Liveness).ConfigureAwait(false);
                return true;
            case "/readyz":
                await ReportAsync(context, HealthKind.Readiness).ConfigureAwait(false);
                return true;
            case "/metrics" when metrics is not null:
                context.Response.ContentType = PrometheusReader.ContentType;
                metrics.Write(context.Response.BodyWriter);
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }

    private async Task ReportAsync(HttpContext context, HealthKind kind)
    {
        var (healthy, report) = checks.Run(kind);
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(report), context.RequestAborted).ConfigureAwait(false);
    }
}
